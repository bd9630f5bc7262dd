"""Commands that read import what they read with, and nothing of what writes, calls or runs."""

import json
import subprocess
import sys

import pytest
from commandline import environment
from project.rooms import ROOT

#: What a command that reads hashes does without: it is slow to import, and has nothing to do there.
HEAVY = {
    *("dramatiq", "httpx", "httpcore", "httpx_sse", "starlette", "uvicorn", "structlog", "prometheus_client"),
    *("worker.lifecycle", "worker.piktid", "worker.network", "worker.files", "worker.briefs.brief"),
    *("worker.ledger.ledger", "worker.store.embedded", "actors"),
}
PROGRAM = """
import json, sys
from cli.main import main
sys.argv = ["identity-worker", *sys.argv[1:]]
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments", [("status",), ("status", "--state", "held"), ("watch", "--once"), ("actions",)]
)
def test_a_command_that_reads_imports_little(redis_url: str, arguments: tuple[str, ...]) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env=environment(REDIS_URL=redis_url),
        capture_output=True,
        text=True,
        check=True,
    )
    imported = json.loads(answer.stderr.splitlines()[-1])
    assert "redis" in imported
    assert {each for each in imported if each in HEAVY or each.startswith("worker.lifecycle.")} == set()
