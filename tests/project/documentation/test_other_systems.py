"""Other programs enqueue without importing us: the two of `examples/enqueue/`, as they stand."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from processes import RunningProcess
from support import ROOT, eventually

from config import keys
from worker.views import snapshots

PROGRAMS = sorted((ROOT / "examples" / "enqueue").glob("*.py"))
BRIEF = ROOT / "examples" / "briefs" / "01-spring-catalog.json"


def enqueue(program: Path, redis_url: str) -> str:
    """Run a program as its author would; return the id that it prints."""
    answer = subprocess.run(
        [sys.executable, str(program), str(BRIEF)],
        env={"PATH": os.environ["PATH"], "REDIS_URL": redis_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return answer.stdout.strip()


def test_there_is_one_with_dramatiq_and_one_with_nothing_but_redis() -> None:
    assert [program.name for program in PROGRAMS] == ["plain_dramatiq.py", "raw_redis.py"]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_it_imports_nothing_of_ours(program: Path) -> None:
    imports = [line for line in program.read_text().splitlines() if re.match("(import|from) ", line)]
    assert imports
    assert not [line for line in imports if re.search(r"\b(config|worker|actors|cli)\b", line)]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_without_a_redis_it_says_what_to_set_and_to_install(program: Path) -> None:
    command = [sys.executable, str(program), str(BRIEF)]
    answer = subprocess.run(
        command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith("Set REDIS_URL")
    assert "pip install" in answer.stderr


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_its_brief_is_accepted_under_the_id_that_it_prints(
    program: Path, client: "redis.Redis", redis_url: str, worker_process: Callable[..., RunningProcess]
) -> None:
    brief_id = enqueue(program, redis_url)
    worker_process()
    eventually(client, lambda: client.hexists(keys.RECORD(f"brief:{brief_id}"), "job_id"))
    brief = snapshots.brief(client, brief_id)
    assert brief is not None
    assert (brief.name, brief.account, brief.variations) == ("Spring catalog model", "default", 3)
    # The worker has acknowledged the message, not only taken it.
    eventually(client, lambda: not client.exists(keys.MESSAGES(keys.INLET), keys.QUEUE(keys.INLET)))
