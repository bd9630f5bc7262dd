"""For the tests of other projects: PiktID's API, emulated by a process beside them (extra `sandbox`).

    from identity_worker.testing import sandbox  # noqa: F401  # in a conftest.py

    def test_it(sandbox):
        answer = my_client(sandbox.url, sandbox.token("a")).create(...)
        assert sandbox.ledger("sandbox-a")["jobs_in_flight"] == 1

Nothing else of ours is imported into the process of the tests, which may have a `config` of their own.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Literal, cast

import pytest

from identity_worker import launcher
from identity_worker.handle import Sandbox

__all__ = ["SPEED", "Sandbox", "running", "sandbox"]

#: How many times faster than the API's the clocks of the fixture are: a minute lasts 0.6 s.
SPEED = 100.0
#: Seconds that the process has to end, once it is told to.
STOP_SECONDS = 10.0

_RUNNING = pytest.StashKey[Sandbox]()


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """A sandbox in which nothing has happened yet: one process for all tests of a run, emptied for each."""
    config = request.config
    if _RUNNING not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        config.stash[_RUNNING] = stack.enter_context(running(speed=SPEED))
    config.stash[_RUNNING].reset()
    return config.stash[_RUNNING]


@contextmanager
def running(
    *,
    speed: float = 1.0,
    dialect: Literal["guide", "docs"] = "guide",
    seed: int | None = None,
    state: Path | None = None,
    **settings: Any,
) -> Iterator[Sandbox]:
    """Run a sandbox for the length of the block, on a free port; docs/sandbox.md lists the settings.

    It ends with this process, however that ends. Raises RuntimeError with its words when it can't be started.
    """
    command = [sys.executable, "-P", launcher.__file__, "sandbox", "--json", "--until-closed", "--port=0"]
    command += [f"--speed={speed}", f"--dialect={dialect}"]
    command += [
        f"--{name}={value}" for name, value in (("seed", seed), ("state", state)) if value is not None
    ]
    command += [f"--set={name}={json.dumps(value)}" for name, value in settings.items()]
    with tempfile.TemporaryFile("w+") as errors:
        # In a session of its own: Ctrl-C is for the tests, which may still need it when they clean up.
        process = subprocess.Popen(  # noqa: S603  # our own command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        try:
            told = cast(IO[str], process.stdout).readline()
            if not told:
                process.wait()
                errors.seek(0)
                raise RuntimeError(f"the sandbox was not started: {errors.read().strip()}")
            yield Sandbox(json.loads(told)["url"])
        finally:
            _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    try:
        process.communicate(timeout=STOP_SECONDS)  # closes its standard input
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
