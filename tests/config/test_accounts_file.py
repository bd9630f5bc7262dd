"""The accounts file: tokens by environment or file, limits of each, and no account in another's way."""

import re
from pathlib import Path

import pytest
import redis
from own_account import Api
from processes import ProcessFactory
from stepping import enqueue
from support import eventually

from config import keys
from config.accounts.account import AccountsError
from config.accounts.reading import live_accounts
from config.limits import Limits
from config.settings import Settings
from worker.views import account_reading, snapshots


def accounts_file(folder: Path, text: str) -> Settings:
    path = folder / "accounts.toml"
    path.write_text(text)
    return Settings(ACCOUNTS_FILE=path)  # type: ignore[call-arg]  # the field's alias


def test_tokens_come_from_the_environment_or_a_file_and_are_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_TOKEN", "from the environment")
    (tmp_path / "token").write_text("from a file\n")
    text = (
        f'[accounts.studio]\ntoken_env = "STUDIO_TOKEN"\n[accounts.other]\ntoken_file = "{tmp_path}/token"\n'
    )
    accounts = live_accounts(accounts_file(tmp_path, text)).accounts
    tokens = {name: account.token.get_secret_value() for name, account in accounts.items()}
    assert tokens == {"studio": "from the environment", "other": "from a file"}
    assert "from" not in repr(accounts)


def test_a_relative_path_is_of_what_systemd_gives_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, folder = tmp_path / "given", tmp_path / "folder"
    for each, names in ((given, ["tokens_shop"]), (folder, ["tokens_shop", "other"])):
        each.mkdir()
        for name in names:
            (each / name).write_text(f"{name} of {each.name}")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    text = '[accounts.shop]\ntoken_file = "tokens_shop"\n[accounts.other]\ntoken_file = "other"\n'
    live = live_accounts(accounts_file(tmp_path, text))
    tokens = {name: account.token.get_secret_value() for name, account in live.accounts.items()}
    assert tokens == {"shop": "tokens_shop of given", "other": "other of folder"}
    (given / "tokens_shop").write_text("a new one")
    live.look(at_once=True)
    assert live.accounts["shop"].token.get_secret_value() == "a new one"


def test_one_token_of_two_accounts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_TOKEN", "hush")
    (tmp_path / "token").write_text("hush\n")
    text = (
        f'[accounts.studio]\ntoken_env = "STUDIO_TOKEN"\n[accounts.other]\ntoken_file = "{tmp_path}/token"\n'
    )
    with pytest.raises(
        AccountsError, match=r"accounts\.studio and accounts\.other have the same token"
    ) as refused:
        live_accounts(accounts_file(tmp_path, text))
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "budget"), [("5000", "5000"), ("12.5", "12.5"), ('"none"', None), (None, None)]
)
def test_an_account_may_have_a_budget_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, budget: str | None
) -> None:
    monkeypatch.setenv("T", "t")
    line = "" if text is None else f"budget = {text}\n"
    accounts = live_accounts(accounts_file(tmp_path, f'[accounts.shop]\ntoken_env = "T"\n{line}')).accounts
    assert accounts["shop"].limits.fields().get("budget") == budget


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "true", '"lots"'])
def test_a_budget_that_is_no_number_above_0_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("T", "t")
    with pytest.raises(AccountsError, match=r"accounts\.shop\.budget: "):
        live_accounts(accounts_file(tmp_path, f'[accounts.shop]\ntoken_env = "T"\nbudget = {text}\n'))


def test_each_account_has_its_own_limits_and_none_or_0_lift_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        monkeypatch.setenv(f"T{number}", f"t{number}")
    text = (
        '[accounts.plain]\ntoken_env = "T0"\n'
        '[accounts.own]\ntoken_env = "T1"\njobs = 3\npromote_per_minute = 9\nweights = {rush = 2.5}\n'
        '[accounts.large]\ntoken_env = "T2"\njobs = "none"\nslots = 0\nexpress = 7\n'
    )
    limits = {
        name: each.limits for name, each in live_accounts(accounts_file(tmp_path, text)).accounts.items()
    }
    assert limits["plain"] == Limits(jobs=5, slots=50, create_per_minute=5, promote_per_minute=5)
    assert limits["own"] == Limits(jobs=3, promote_per_minute=9, weights={"rush": 2.5})
    assert limits["own"].fields()["weight:rush"] == "2.5"
    assert limits["large"] == Limits(jobs=0, slots=0, express=7)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[accounts.a]", "accounts.a"),
        (
            '[accounts.a]\ntoken_env = "NOT_SET_ANYWHERE"',
            "accounts.a.token_env: names no environment variable",
        ),
        (
            '[accounts.a]\ntoken_file = "/nowhere/at/all"',
            "accounts.a.token_file: names no file that can be read: No such",
        ),
        ('[accounts.a]\ntoken_env = "T"\njobs = -1', "accounts.a.jobs"),
        (
            '[accounts.a]\ntoken_env = "T"\njob = 1',
            "accounts.a.job: is not known here; the nearest known name is jobs",
        ),
        ('[accounts.a]\ntoken_evn = "T"', "the nearest known name is token_env"),
        ("[accounts.a]\njobs = 3", "needs token_env or token_file"),
        ('[accounts.a]\ntoken_env = "T"\nzzz = 1', "the known names are token_env, token_file, jobs"),
        ('[accounts.a]\ntoken = "T"', "accounts.a.token: a token must not stand in this file"),
        ('[accounts.a]\ntoken_env = "T"\nexpress = "none"', "accounts.a.express"),
        (
            '[accounts.a]\ntoken_env = "T"\njobs = 3\nexpress = 3',
            "accounts.a.express: the express share (3) must be less than the jobs (3)",
        ),
        (
            '[account.a]\ntoken_env = "T"\n[accounts.b]\ntoken_env = "T"',
            "account: is not known here; the table of an account is [accounts.NAME]",
        ),
        ('[accounts."a b"]\ntoken_env = "T"', "a name is"),
        ("accounts = 1", "accounts.toml: has no table [accounts.NAME]"),
        ("", "has no table"),
        ("[", "is no TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, says: str
) -> None:
    monkeypatch.setenv("T", "t")
    with pytest.raises(AccountsError, match=re.escape(says)):
        live_accounts(accounts_file(tmp_path, text))


def test_files_that_an_editor_on_windows_wrote_are_read(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xef\xbb\xbfhush\r\n")
    text = f'\ufeff[accounts.studio]\r\ntoken_file = "{tmp_path}/token"\r\n'
    (tmp_path / "accounts.toml").write_bytes(text.encode())
    accounts = live_accounts(Settings(ACCOUNTS_FILE=tmp_path / "accounts.toml")).accounts  # type: ignore[call-arg]
    assert accounts["studio"].token.get_secret_value() == "hush"


def test_a_byte_that_is_no_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "accounts.toml").write_bytes(b"# ours\n[accounts.a]\n# \xe4\n")
    with pytest.raises(AccountsError, match="is no TOML: a byte of line 3 is not UTF-8"):
        live_accounts(Settings(ACCOUNTS_FILE=tmp_path / "accounts.toml"))  # type: ignore[call-arg]


@pytest.mark.parametrize("field", ["token_env", "token_file", "token"])
@pytest.mark.parametrize("token", ["hush-1234", "hush" * 100, "hush\\u0000", "/hush/hush", "."])
def test_a_token_that_stands_where_its_place_should_is_not_quoted(
    tmp_path: Path, field: str, token: str
) -> None:
    with pytest.raises(AccountsError, match=rf"accounts\.a\.{field}: ") as refused:
        live_accounts(accounts_file(tmp_path, f'[accounts.a]\n{field} = "{token}"\n'))
    assert "hush" not in f"{refused.value!r} {refused.value.__cause__!r}"


@pytest.mark.parametrize("token", ["hush\nhush", "hush\x7f", "hüsh"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("T", token)
    files = (accounts_file(tmp_path, '[accounts.a]\ntoken_env = "T"\n'), Settings(PIKTID_API_TOKEN=token))  # type: ignore[call-arg, arg-type]
    for settings in files:
        with pytest.raises(AccountsError, match="not printable ASCII") as refused:
            live_accounts(settings)
        assert "sh" not in str(refused.value)


def test_a_line_break_behind_a_token_is_none_of_it() -> None:
    settings = Settings(PIKTID_API_TOKEN="hush\n")  # type: ignore[call-arg, arg-type]
    assert live_accounts(settings).accounts["default"].token.get_secret_value() == "hush"


def test_an_account_that_is_refused_everything_slows_no_other(
    redis_url: str,
    client: "redis.Redis",
    api: Api,
    tmp_path: Path,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(
        '[accounts.bad]\ntoken_env = "BAD"\n[accounts.good]\ntoken_env = "PIKTID_API_TOKEN"\n',
    )
    more = {"ACCOUNTS_FILE": str(path), "BAD": "no-token-of-the-sandbox"}
    for number in range(20):
        enqueue(redis_url, brief_id=f"bad-{number}", account="bad", name=f"Bad {number}")
    for number in range(5):
        enqueue(redis_url, brief_id=f"good-{number}", account="good", name=f"Good {number}")
    worker_process(**more)
    listener_process(**more)
    assert eventually(client, lambda: client.zcard(keys.FINISHED()) == 5)
    states = {brief.brief_id: brief.state for brief in snapshots.briefs(client)}
    assert {states[f"good-{number}"] for number in range(5)} == {"done"}
    assert {states[f"bad-{number}"] for number in range(20)} <= {"waiting", "submitting"}
    # On record also when the pause, of a fraction of a second here, is just over.
    assert "401" in str(client.hget(keys.RECORD("account:bad"), "pause_reason"))
    assert account_reading.summary(client, "good").pauses == {}
