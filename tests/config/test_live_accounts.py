"""Accounts that change while they are used: what is right is taken, what is wrong changes nothing."""

import os
from pathlib import Path
from typing import Any

import pytest

from config.accounts import places
from config.accounts.account import AccountsError
from config.accounts.live import LiveAccounts
from config.accounts.reading import live_accounts
from config.settings import Settings


class Folder:
    """A folder of accounts' files, beside the accounts that were read of it."""

    def __init__(self, path: Path, accounts: str) -> None:
        self.path = path
        self.settings = Settings(ACCOUNTS_FILE=path / accounts)  # type: ignore[call-arg]  # the field's alias

    def write(self, name: str, text: str) -> None:
        """Put a file in the place of another one, as careful programs do."""
        (self.path / name).parent.mkdir(exist_ok=True, parents=True)
        (self.path / ".new").write_text(text)
        (self.path / ".new").replace(self.path / name)

    def table(self, **accounts: str) -> None:
        """Name accounts in `accounts.toml`, each with its limits, and the token in a file of its name."""
        tables = (
            f'[accounts.{name}]\ntoken_file = "{self.path / name}"\n{limits}\n'
            for name, limits in accounts.items()
        )
        self.write("accounts.toml", "".join(tables))


def tokens(accounts: Any) -> dict[str, str]:
    return {name: each.token.get_secret_value() for name, each in accounts.items()}


def settle(live: LiveAccounts) -> Any:
    """Look twice, as something counts when two looks have found the same; return what came of the second."""
    assert not live.look()
    return live.look()


@pytest.fixture
def listed(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path, "accounts.toml")
    for name in ("a", "b", "c"):
        folder.write(name, f"token-{name}")
    folder.table(a="", b="")
    return folder


@pytest.fixture
def live(listed: Folder) -> LiveAccounts:
    found = LiveAccounts(listed.settings)
    assert not settle(found)
    return found


def test_accounts_come_go_and_change_and_only_they_are_told_of(listed: Folder, live: LiveAccounts) -> None:
    listed.table(a="jobs = 2", c="")
    listed.write("a", "another")
    change = settle(live)
    told = (change.added, change.removed, change.renewed, change.limited)
    assert told == ({"c"}, {"b"}, {"a"}, {"a"})
    assert tokens(live.accounts) == {"a": "another", "c": "token-c"}
    assert live.accounts["a"].limits.jobs == 2
    assert not settle(live)


def test_only_what_has_changed_is_read(
    listed: Folder, live: LiveAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    monkeypatch.setattr(
        places, "read", lambda entry, read_it=places.read: [read.append(entry.name), read_it(entry)][1]
    )
    listed.write("a", "another")
    assert settle(live).renewed == {"a"}
    assert read == ["a"]
    listed.table(a="", b="slots = 3")
    assert settle(live).limited == {"b"}
    assert read == ["a", "b"]
    assert not live.look(everything=True)
    assert sorted(read) == ["a", "a", "b", "b"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("accounts.toml", "[accounts.", "accounts.toml: is no TOML"),
        ("accounts.toml", "", "has no table"),
        ("accounts.toml", '[accounts.a]\ntoken_file = "a"\njobs = -1', "accounts.a.jobs: -1: "),
        ("accounts.toml", '[accounts.a]\ntoken_file = "a"\njobs = "hush"', "accounts.a.jobs: a str: "),
        ("a", "", "accounts.a.token_file: the file that it names is empty"),
        ("a", "hush\nhush", "accounts.a.token_file: the token has characters"),
        ("a", "token-b", "accounts.a and accounts.b have the same token"),
    ],
)
def test_what_is_wrong_changes_nothing_and_is_told_until_it_is_mended(
    listed: Folder, live: LiveAccounts, name: str, text: str, says: str
) -> None:
    before = tokens(live.accounts)
    listed.write(name, text)
    assert not settle(live)
    assert tokens(live.accounts) == before
    assert [says in str(fault) and "hush" not in str(fault) for fault in live.faults] == [True]
    listed.table(a="", b="")
    listed.write("a", "token-a")
    assert not settle(live)
    assert live.faults == []


def test_an_account_that_is_wrong_keeps_no_other_from_its_change(listed: Folder, live: LiveAccounts) -> None:
    (listed.path / "a").unlink()
    listed.write("b", "another")
    assert settle(live).renewed == {"b"}
    assert tokens(live.accounts) == {"a": "token-a", "b": "another"}
    assert len(live.faults) == 1


def test_a_new_account_waits_for_its_token(listed: Folder, live: LiveAccounts) -> None:
    listed.table(a="", b="", d="")
    assert not settle(live)
    listed.write("d", "token-d")
    assert settle(live).added == {"d"}
    assert live.faults == []


def test_accounts_may_change_tokens_with_each_other_one_file_after_the_other(
    listed: Folder, live: LiveAccounts
) -> None:
    listed.write("a", "token-b")
    assert not settle(live)
    listed.write("b", "token-a")
    assert settle(live).renewed == {"a", "b"}
    assert tokens(live.accounts) == {"a": "token-b", "b": "token-a"}


def test_a_file_in_the_middle_of_being_written_is_not_read(listed: Folder, live: LiveAccounts) -> None:
    path = listed.path / "accounts.toml"
    whole = path.read_text()
    path.write_text(whole[: whole.index("[accounts.b]")])  # right as it stands, and half of it
    assert not live.look()
    path.unlink()
    assert not live.look()
    path.write_text(whole)
    assert not live.look()
    assert not live.look()
    assert (live.faults, sorted(live.accounts)) == ([], ["a", "b"])


def test_a_change_counts_at_once_for_who_asks_so(listed: Folder, live: LiveAccounts) -> None:
    listed.write("a", "another")
    assert live.look(at_once=True).renewed == {"a"}


def test_what_is_written_while_it_is_read_first_is_read_again(listed: Folder) -> None:
    path = listed.path / "a"
    path.write_text("token-1")
    live = LiveAccounts(listed.settings)
    times = path.stat()
    path.write_text("token-2")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert settle(live).renewed == {"a"}


@pytest.fixture
def mounted(tmp_path: Path) -> Folder:
    return Folder(tmp_path, "accounts")


def test_a_folder_has_an_entry_for_each_account(mounted: Folder) -> None:
    mounted.write("accounts/plain", "token-1\n")
    mounted.write("accounts/vault/token", "token-2")
    mounted.write("accounts/limited", "token-3")
    mounted.write("accounts/limited.toml", "jobs = 2\n")
    mounted.write("elsewhere", "token-4")
    mounted.write("accounts/named.toml", f'token_file = "{mounted.path}/elsewhere"\n')
    mounted.write("accounts/.hidden", "token-5")
    accounts = live_accounts(mounted.settings).accounts
    assert tokens(accounts) == {
        "plain": "token-1",
        "vault": "token-2",
        "limited": "token-3",
        "named": "token-4",
    }
    assert (accounts["limited"].limits.jobs, accounts["plain"].limits.jobs) == (2, 5)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("shop~", "t", "accounts/shop~: a name is 1 to 64"),
        ("shop", "", "accounts/shop: is empty"),
        ("shop/other", "t", "accounts/shop/token: can't be read: No such file"),
        ("shop.toml", "jobs = 1", "accounts/shop.toml: needs token_env or token_file"),
        ("shop.toml", "jobs = [", "accounts/shop.toml: is no TOML"),
        ("shop.toml", "jobs = -2", "accounts/shop.toml.jobs: -2: "),
        (".shop", "t", "accounts: holds no account"),
    ],
)
def test_a_mistake_in_a_folder_is_named_with_its_file(
    mounted: Folder, name: str, text: str, says: str
) -> None:
    mounted.write(f"accounts/{name}", text)
    with pytest.raises(AccountsError) as refused:
        live_accounts(mounted.settings)
    assert says in str(refused.value)


def test_a_mounted_folder_is_followed_as_kubernetes_replaces_it(mounted: Folder) -> None:
    def publish(version: str, **secrets: str) -> None:
        for name, token in secrets.items():
            mounted.write(f"accounts/..{version}/{name}", token)
        (mounted.path / "new").symlink_to(f"..{version}")
        (mounted.path / "new").replace(mounted.path / "accounts/..data")
        for name in secrets:
            if not (link := mounted.path / "accounts" / name).is_symlink():
                link.symlink_to(f"..data/{name}")
        for link in (mounted.path / "accounts").iterdir():
            if link.is_symlink() and not link.exists():
                link.unlink()

    publish("1", a="token-a", b="token-b")
    live = LiveAccounts(mounted.settings)
    assert tokens(live.accounts) == {"a": "token-a", "b": "token-b"}
    publish("2", a="another", c="token-c")
    change = settle(live)
    assert (change.added, change.removed, change.renewed) == ({"c"}, {"b"}, {"a"})
    assert tokens(live.accounts) == {"a": "another", "c": "token-c"}
    assert live.faults == []
