"""A whole installation on this machine, against the sandbox: Valkey, sandbox, worker, listener, page."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from cli.demo.ports import free_port
from cli.demo.processes import Child, ChildDiedError, start, stop
from config import durations, processes
from worker.store import embedded

#: Not a secret: the sandbox takes any token of this form.
TOKEN = "sandbox-demo"  # noqa: S105  # see above
#: The same briefs give the same identities in every run.
SEED = 1
#: Ports tried: a free one can be taken by another process before the sandbox has it.
PORTS = 3

Check = Callable[[], None]


@dataclass
class Installation:
    """What runs: the URLs of Redis, of the API and of the page, and the children, the sandbox first."""

    redis_url: str
    api_url: str = ""
    page_url: str = ""
    children: list[Child] = field(default_factory=list)

    def check(self) -> None:
        """Raise ChildDiedError unless all children run."""
        for child in self.children:
            child.check()


@contextmanager
def running(directory: Path, speed: float, check: Check, *, resumed: bool = False) -> Iterator[Installation]:
    """Run an installation with its state and logs in `directory`; `check` may raise to give up the start.

    It is stopped from the outside in: worker, listener and page, which finish what they do; then the sandbox,
    which writes its state; then Valkey. Raises embedded.EmbeddedServerError, or ChildDiedError with the end
    of a log.
    """
    with ExitStack() as stack:
        all_ = Installation(stack.enter_context(embedded.running(directory / "valkey")))
        stack.callback(lambda: stop(all_.children[:1]))
        _start_sandbox(all_, directory, speed, check)
        if resumed:
            _let_minute_pass(all_, speed, check)
        stack.callback(lambda: stop(all_.children[1:]))
        environment = _environment(all_, speed)
        port = str(free_port())
        all_.page_url = f"http://127.0.0.1:{port}/"
        for name, *command in (("worker", "work"), ("listener", "listen"), ("page", "web", "--port", port)):
            log = directory / f"{name}.log"
            all_.children.append(start(name, processes.python("cli", *command), environment, log))
        yield all_


def _start_sandbox(all_: Installation, directory: Path, speed: float, check: Check) -> None:
    """Start the sandbox on a free port and wait until it answers."""
    for attempt in range(PORTS):
        port = free_port()
        all_.api_url = f"http://127.0.0.1:{port}"
        command = processes.python("cli", "sandbox", "--port", str(port), "--speed", str(speed))
        command += ["--seed", str(SEED), "--state", str(directory / "sandbox.json")]
        all_.children[:] = [start("sandbox", command, os.environ, directory / "sandbox.log")]
        try:
            _wait_for_answer(all_, check)
        except ChildDiedError:
            # It has another reason to end then, and would end so on the next port too.
            if attempt + 1 == PORTS or _is_free(port):
                raise
        else:
            return


def _wait_for_answer(all_: Installation, check: Check) -> None:
    deadline = time.monotonic() + durations.DEMO_START_SECONDS
    while time.monotonic() < deadline:
        check()
        all_.check()
        try:
            httpx.get(f"{all_.api_url}/_sandbox/ledger", trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(
                durations.DEMO_LOOK_SECONDS
            )  # it listens some time after it was started, and nothing tells when
        else:
            return
    child = all_.children[0]
    raise ChildDiedError(child.name, f"did not answer within {durations.DEMO_START_SECONDS:g} s", child.log)


def _let_minute_pass(all_: Installation, speed: float, check: Check) -> None:
    """Wait until no request from before the stop counts in the sandbox's windows.

    Its clock stood still while it was down, unlike the real API's and the ledger's.
    """
    end = time.monotonic() + durations.RATE_WINDOW_SECONDS / speed
    while time.monotonic() < end:
        check()
        all_.check()
        time.sleep(durations.DEMO_LOOK_SECONDS)


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _environment(all_: Installation, speed: float) -> dict[str, str]:
    # Without the accounts of a real installation: the demo has the sandbox's only.
    kept = {name: value for name, value in os.environ.items() if name != "ACCOUNTS_FILE"}
    return kept | {
        "REDIS_URL": all_.redis_url,
        "PIKTID_API_URL": all_.api_url,
        "PIKTID_API_TOKEN": TOKEN,
        "IDENTITY_WORKER_SPEED": str(speed),
    }
