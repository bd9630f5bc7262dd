"""The webhook's secret: where it is kept, how long the one before is taken, and what no error tells."""

import hmac
import stat
import time

import pytest
from pydantic import SecretStr
from signed_events import event
from web_inlet import SECRET, Web

from config import durations
from config.accounts.names import DEFAULT
from config.settings import Settings
from worker.piktid.webhook_signatures import SecretsError, SecretStore, StoredWebhook, is_signed, sign

pytestmark = pytest.mark.channel

BEFORE = SecretStr("the secret of before")
URL = "https://worker.example/webhooks/default"
DAY = 86_400

BODY = b'{"id": 1, "name": "completed", "data": {"id_task": "job_1"}}'
GOOD = sign(SECRET, BODY).decode()


def test_a_signature_is_compared_in_constant_time_with_each_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def compare_and_tell(expected: bytes, given: bytes) -> bool:
        compared.append(expected)
        return compare(expected, given)

    monkeypatch.setattr(hmac, "compare_digest", compare_and_tell)
    webhook = StoredWebhook(URL, 0, SECRET, previous=BEFORE, previous_until=durations.SECRET_OVERLAP_SECONDS)
    assert not is_signed(webhook, BODY, "sha256=" + "0" * 64, 1)
    assert compared == [sign(SECRET, BODY), sign(BEFORE, BODY)]


def test_before_a_secret_is_known_everything_is_refused_for_another_try(web: Web) -> None:
    assert web.send(event("job_1")) == 401


def test_the_secret_before_is_taken_for_ten_minutes_and_no_longer(web: Web, store: SecretStore) -> None:
    now = time.time()
    store.replace(DEFAULT, URL, BEFORE, now)
    store.replace(DEFAULT, URL, SECRET, now)
    assert (web.send(event("a", 1), BEFORE), web.send(event("b", 2), SECRET)) == (204, 204)
    stored = store.read(DEFAULT)
    assert stored is not None
    assert is_signed(stored, BODY, sign(BEFORE, BODY).decode(), now + durations.SECRET_OVERLAP_SECONDS - 1)
    assert not is_signed(stored, BODY, sign(BEFORE, BODY).decode(), now + durations.SECRET_OVERLAP_SECONDS)
    assert is_signed(stored, BODY, GOOD, now + DAY)


def test_an_expired_secret_is_refused(web: Web, store: SecretStore) -> None:
    store.replace(DEFAULT, URL, BEFORE, time.time() - DAY)
    store.replace(DEFAULT, URL, SECRET, time.time() - DAY)
    assert (web.send(event("a", 1), BEFORE), web.send(event("b", 2), SECRET)) == (401, 204)


def test_a_secret_that_is_set_while_it_runs_is_taken_at_once(web: Web, store: SecretStore) -> None:
    store.replace(DEFAULT, URL, BEFORE, time.time() - DAY)
    assert web.send(event("a", 1), SECRET) == 401
    store.replace(DEFAULT, URL, SECRET, time.time() - DAY)
    assert web.send(event("a", 1), SECRET) == 204


def test_a_secret_is_in_a_file_only_its_owner_can_read(store: SecretStore, settings: Settings) -> None:
    webhook = store.replace(DEFAULT, URL, SECRET, 1.0)
    (path,) = settings.secrets.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.secrets.stat().st_mode) == 0o700
    assert SecretStore(settings.secrets).read(DEFAULT) == webhook
    assert "the secret" not in repr(webhook)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"secret": "the secret of now"}', b'{"secret": ""}'])
def test_a_damaged_file_of_secrets_is_told_without_what_it_holds(
    web: Web, store: SecretStore, settings: Settings, content: bytes
) -> None:
    settings.secrets.mkdir()
    (settings.secrets / f"{DEFAULT}.json").write_bytes(content)
    with pytest.raises(SecretsError) as bad:
        store.read(DEFAULT)
    assert "the secret" not in str(bad.value)
    assert web.send(event("job_1")) == 401
