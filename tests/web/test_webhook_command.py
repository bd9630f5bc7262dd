"""`identity-worker webhook`: what it sets, shows and tests, and what it refuses."""

import json
from pathlib import Path

import pytest
import redis
from own_account import Api
from signed_events import run
from support import eventually
from web_inlet import Web

from config.accounts.names import DEFAULT
from config.settings import Settings
from config.settings import settings as process_settings
from worker.piktid.webhook_signatures import SecretStore

pytestmark = pytest.mark.channel
URL = "https://worker.example/webhooks/default"


def test_set_replaces_the_webhook_only_when_told_so(settings: Settings, api: Api) -> None:
    refused = run("set", "http://127.0.0.1:9/webhooks/default")
    assert refused.exit_code == 2
    assert "replaces whatever URL is set" in refused.stderr
    assert api.requests("PUT /webhooks") == 0


def test_nothing_is_set_whose_secret_could_not_be_kept(
    settings: Settings, api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("IDENTITY_WORKER_SECRETS_DIR", str(tmp_path / "a-file" / "secrets"))
    process_settings.cache_clear()
    refused = run("set", URL, "--yes", "--any-path")
    assert refused.exit_code == 1
    assert "set IDENTITY_WORKER_SECRETS_DIR to a folder that can be written" in refused.stderr
    assert api.requests("PUT /webhooks") == 0


def test_set_and_show_tell_everything_but_the_secret(settings: Settings, store: SecretStore) -> None:
    url = "http://127.0.0.1:9/webhooks/default"
    shown = [run("set", url, "--yes"), run("set", url, "--yes", "--json"), run("show"), run("show", "--json")]
    assert [each.exit_code for each in shown] == [0, 0, 0, 0]
    stored = store.read(DEFAULT)
    assert stored is not None
    assert stored.previous is not None
    for each in shown:
        assert url in each.output
        assert "None" not in each.output
        assert stored.secret.get_secret_value() not in each.output
        assert stored.previous.get_secret_value() not in each.output
    assert json.loads(shown[3].output) == json.loads(shown[1].output)


def test_the_test_event_arrives(web: Web, settings: Settings, api: Api, client: "redis.Redis") -> None:
    without = run("test")
    assert without.exit_code == 1
    assert "use `identity-worker webhook set URL`" in without.stderr
    assert run("set", web.url, "--yes").exit_code == 0
    assert run("test").exit_code == 0
    assert api.requests("PUT /webhooks") == 1
    eventually(client, lambda: [each["status"] for each in api.ledger()["deliveries"]].count(204) >= 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("set",),
        ("show", "https://a.example/"),
        ("set", "http://a.example/", "--yes"),
        ("set", "nonsense", "--yes"),
        ("set", "https://a.example/webhooks/other", "--yes"),
        ("set", "https://a.example/", "--yes"),
        ("show", "--account", "stranger"),
        ("drop",),
    ],
)
def test_a_wrong_use_is_refused_before_anything_is_asked(
    settings: Settings, api: Api, arguments: tuple[str, ...]
) -> None:
    assert run(*arguments).exit_code == 2
    assert api.ledger()["requests"] == {}


def test_set_names_the_path_that_the_url_should_end_in(settings: Settings, api: Api) -> None:
    url = "http://127.0.0.1:9/elsewhere"
    refused = run("set", url, "--yes")
    assert "at /webhooks/default: end the URL so, or add --any-path" in refused.stderr
    assert api.requests("PUT /webhooks") == 0
    assert run("set", url, "--yes", "--any-path").exit_code == 0


def test_show_says_when_none_was_set_from_here(settings: Settings) -> None:
    shown = run("show")
    assert (shown.exit_code, shown.output.strip().endswith("was set from here")) == (1, True)
