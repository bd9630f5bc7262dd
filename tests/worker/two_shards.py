"""An installation of two shards, and an account that lives in each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from config.accounts.account import Account
from config.settings import Settings
from config.shards import shard_of
from worker.shards.merged import clients_of
from worker.shards.shards import Shards, shards_of

#: Accounts of the first shard and of the second; where there is one shard, both live in it.
ONE, OTHER = (next(f"a{n}" for n in range(99) if shard_of(f"a{n}", 2) == shard) for shard in (0, 1))
ACCOUNTS = {name: Account(name=name, token=SecretStr(name)) for name in (ONE, OTHER)}


def of_two(settings: Settings) -> Settings:
    """Return the settings of such an installation."""
    return settings.model_copy(update={"namespace": "{two}:", "shards": 2})


def environment_of_two(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the environment of a process of such an installation, whose accounts file is in a folder."""
    tables = [f'[accounts.{name}]\ntoken_env = "TOKEN_{name}"\n' for name in (ONE, OTHER)]
    (folder / "accounts.toml").write_text("".join(tables))
    tokens = {f"TOKEN_{name}": f"sandbox-{name}" for name in (ONE, OTHER)}
    shards = {"IDENTITY_WORKER_NAMESPACE": "{two}", "IDENTITY_WORKER_SHARDS": "2"}
    return {**environment, **shards, **tokens, "ACCOUNTS_FILE": str(folder / "accounts.toml")}


@contextmanager
def both(url: str, sharded: Settings) -> Iterator[Shards]:
    """Open its shards; their keys go afterwards."""
    with shards_of(url, sharded) as found:
        yield found
        for client in clients_of(found.reading):
            client.flushdb()
