"""What other projects' tests import: `identity_worker.testing`, whose sandbox is a process of its own."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from sandbox_api import Api

from identity_worker.testing import Sandbox, running
from identity_worker.testing import sandbox as _fixture

fresh = _fixture
ROOT = Path(__file__).parents[3]
ROOMS = {"actors", "cli", "config", "sandbox", "web", "worker"}
#: A program of somebody else's that runs a sandbox, and tells its address and what this brought with it.
PROGRAM = """
import json, sys
before = list(sys.path)
from identity_worker.testing import running
with running(speed=50) as sandbox:
    told = {"url": sandbox.url, "modules": sorted(sys.modules), "path_is_as_before": sys.path == before}
    print(json.dumps(told), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("_", range(2))
def test_each_test_finds_the_sandbox_of_the_fixture_running_and_empty(fresh: Sandbox, _: int) -> None:
    assert fresh.ledger()["accounts"] == {}
    with Api(fresh, "a") as api, api.stream() as stream:
        stream.backfill()
        assert api.create().status_code == 202
        assert stream.live()["name"] == "completed"
        assert api.ledger()["requests"]["GET /notifications/events"] == {"200": 1}


def test_a_sandbox_of_its_own_begins_with_settings_that_a_reset_keeps() -> None:
    with running(speed=50, dialect="docs", seed=7, credits=40, blocked_names=["Ada"]) as own:
        own.settings(credits=1)
        own.reset()
        now = own.settings()
        assert (now["credits"], now["blocked_names"]) == (40, ["Ada"])
        assert (own.ledger()["dialect"], own.ledger()["seed"]) == ("docs", 7)
    with pytest.raises(requests.ConnectionError):
        requests.get(own.url, timeout=20)


def test_a_sandbox_that_cannot_be_started_says_why() -> None:
    with (
        pytest.raises(
            RuntimeError, match=r"was not started: .*nonsense: not known; those that are: jobs_cap"
        ),
        running(nonsense=1),
    ):
        pass


def test_the_fixture_brings_no_module_of_ours_and_ends_with_its_parent(tmp_path: Path) -> None:
    (tmp_path / "identity_worker").symlink_to(ROOT / "identity_worker")
    program = tmp_path / "theirs.py"
    program.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as theirs:
        assert theirs.stdout is not None
        told = json.loads(theirs.stdout.readline())
        assert ROOMS.isdisjoint(told["modules"])
        assert told["path_is_as_before"]
        assert requests.get(f"{told['url']}/_sandbox/ledger", timeout=20).ok
        theirs.send_signal(signal.SIGKILL)
    assert _is_gone(told["url"])


def _is_gone(url: str) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            requests.get(url, timeout=20)
        except requests.ConnectionError:
            return True
    return False
