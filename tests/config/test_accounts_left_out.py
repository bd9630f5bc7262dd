"""An account whose own file is wrong when a process starts is left out and known; the others are served."""

import os
from pathlib import Path

import pytest

from config.accounts.account import AccountsError
from config.accounts.live import LiveAccounts
from config.accounts.reading import live_accounts, load_account
from config.settings import Settings


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    (tmp_path / "good").write_text("token-good")
    (tmp_path / "bad").write_text("")
    return tmp_path


def read(folder: Path) -> LiveAccounts:
    return live_accounts(Settings(ACCOUNTS_FILE=folder))  # type: ignore[call-arg]  # the field's alias


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("bad", "", "bad: is empty"),
        ("bad", "two\nlines", "bad: the token has characters"),
        ("bad.toml", "jobs = [", "bad.toml: is no TOML"),
        ("bad.toml", "slots = -1", "bad.toml.slots: -1: "),
        ("bad", "token-good", "bad and good have the same token"),
    ],
)
def test_one_bad_file_is_told_of_and_the_others_are_served(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / "other").write_text("token-other")
    (tmp_path / "good").write_text("token-good")
    (tmp_path / "bad").write_text("token-bad")
    (tmp_path / name).write_text(text)
    live = read(tmp_path)
    assert "other" in live.accounts
    assert "bad" not in live.accounts
    assert any(says in str(fault).replace(f"{tmp_path}/", "") for fault in live.faults)
    assert "bad" in live.named
    assert live.named["bad"].limits.slots == 0, "no brief is refused for slots that nobody can read"


@pytest.mark.parametrize("name", ["bad", "bad.toml", "bad/token"])
def test_what_is_no_file_is_told_of_and_waited_for_by_nobody(mounted: Path, name: str) -> None:
    (mounted / "bad").unlink()
    (mounted / name).parent.mkdir(exist_ok=True)
    os.mkfifo(mounted / name)
    live = read(mounted)
    assert [*live.accounts] == ["good"]
    assert str(live.unusable["bad"].fault).endswith("it is no file")


def test_a_file_without_an_end_is_told_of(mounted: Path) -> None:
    with (mounted / "bad").open("wb") as file:
        file.truncate(1 << 40)
    assert str(read(mounted).unusable["bad"].fault).endswith("it is too large")


def test_an_account_is_served_once_its_file_is_right(mounted: Path) -> None:
    live = read(mounted)
    (mounted / "bad").write_text("token-bad")
    assert live.look(at_once=True).added == {"bad"}
    assert (live.faults, live.unusable) == ([], {})


def test_what_can_be_no_account_is_told_of_and_is_none(mounted: Path) -> None:
    (mounted / "bad").unlink()
    (mounted / "lost+found").mkdir()
    live = read(mounted)
    assert [*live.named] == [*live.accounts] == ["good"]
    assert "lost+found: a name is 1 to 64" in str(live.faults[0])


def test_where_none_can_be_used_nothing_starts(mounted: Path) -> None:
    (mounted / "good").unlink()
    with pytest.raises(AccountsError, match="bad: is empty"):
        read(mounted)


def test_asking_for_an_account_that_is_left_out_tells_why(mounted: Path) -> None:
    settings = Settings(ACCOUNTS_FILE=mounted)  # type: ignore[call-arg]  # the field's alias
    assert load_account(settings, "nobody") is None
    with pytest.raises(AccountsError, match="bad: is empty"):
        load_account(settings, "bad")
