"""A password of Redis that is changed there before it is in its file: archivers and deliverers wait."""

from pathlib import Path

import pytest
import redis
from processes import ProcessFactory, script
from support import eventually

from config import keys

USER = "rotated"
#: What each process logs of an outage.
TOLD = {"archive": "archive.redis", "deliver": "deliverer.redis"}


def let(client: "redis.Redis", password: str) -> None:
    """Let the user in by this password alone; its open connections end."""
    client.execute_command("ACL", "SETUSER", USER, "reset", "on", f">{password}", "~*", "&*", "+@all")
    client.client_kill_filter(user=USER)


@pytest.mark.parametrize("role", TOLD)
def test_a_process_goes_on_once_its_file_has_the_password(
    client: "redis.Redis", redis_url: str, start: ProcessFactory, tmp_path: Path, role: str
) -> None:
    file = tmp_path / "password"
    file.write_text("old")
    let(client, "old")
    process = start(
        role,
        [script("identity-worker"), role],
        REDIS_URL=redis_url.replace("://", f"://{USER}@"),
        REDIS_PASSWORD_FILE=str(file),
        IDENTITY_WORKER_ARCHIVE=str(tmp_path / "archive"),
    )
    eventually(client, lambda: client.zcard(keys.SIGNS()))
    let(client, "new")

    def is_refused() -> bool:
        lines = process.written().splitlines()
        return any(TOLD[role] in each and "invalid username-password" in each for each in lines)

    assert eventually(client, lambda: is_refused() or process.process.poll() is not None)
    assert process.process.poll() is None, process.written()
    client.delete(keys.SIGNS())
    file.write_text("new")
    assert eventually(client, lambda: client.zcard(keys.SIGNS()))
    assert process.stop() == 0
