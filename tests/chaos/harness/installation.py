"""What an installation has beside its processes: its accounts, a photo, the accounts' webhooks."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.pictures.draw import draw
from tests.chaos.harness.fleet import BIN, ROOT

#: Seconds that setting a webhook may take.
DEADLINE = 60.0


def accounts_file(folder: Path, tokens: Mapping[str, str], limits: Mapping[str, int]) -> Path:
    """Write the accounts, by name with their tokens, all with the same limits; return the file."""
    path = folder / "accounts.toml"
    lines = []
    settings = "".join(f"{limit} = {value}\n" for limit, value in limits.items())
    for name, token in tokens.items():
        (folder / f"{name}.token").write_text(token)
        lines.append(f'[accounts.{name}]\ntoken_file = "{folder / name}.token"\n{settings}')
    path.write_text("\n".join(lines))
    return path


def photos(folder: Path) -> Path:
    """Draw a photo; return the folder under which briefs may name it."""
    path = folder / "photos"
    path.mkdir()
    look = {"appearance": {"skin": "dark"}, "hair": {"color": "pink", "length": "long"}}
    picture = draw({**look, "options": {"size": "1K", "ar": "1:1", "format": "jpg"}}, "s", 0)
    (path / "ada.jpg").write_bytes(picture)
    return path


def set_webhooks(environment: Mapping[str, str], accounts: Sequence[str], ports: Sequence[int]) -> None:
    """Set each account's webhook as an operator would, in turn to the `web` processes on these ports."""
    commands = []
    for number, account in enumerate(accounts):
        url = f"http://127.0.0.1:{ports[number % len(ports)]}/webhooks/{account}"
        commands.append(
            subprocess.Popen(
                [str(BIN / "identity-worker"), "webhook", "set", url, "--account", account, "--yes"],
                cwd=ROOT,
                # A person repeats what a slow machine did not answer; this waits for the answer.
                env={**os.environ, **environment, "IDENTITY_WORKER_REQUEST_TIMEOUT": "30"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        )
    codes = [command.wait(DEADLINE) for command in commands]
    if any(codes):
        raise RuntimeError(f"the webhooks could not be set: {codes}")
