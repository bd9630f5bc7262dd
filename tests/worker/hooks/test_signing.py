"""Messages are signed so that the specification's own library verifies them; no error tells a secret."""

import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from receivers import OTHER, SECRET
from standardwebhooks import Webhook, WebhookVerificationError

from worker.hooks.messages import message
from worker.hooks.signing import HookSecretError, Secret, from_environment, from_file, new_secret, parse

TEXT = '{"id":"a/1","data":{"metadata":{"who":"Änne"}}}'


def secret(text: str, until: float | None = None) -> Secret:
    return Secret(SecretStr(text), until)


@pytest.mark.parametrize("text", [SECRET, OTHER, ""], ids=["one", "another", "new"])
def test_a_message_is_verified_by_the_library_of_the_specification(text: str) -> None:
    text = text or new_secret().text.get_secret_value()
    body, headers = message([secret(text)], "1700000000000-0", TEXT, time.time())
    assert body.decode() == TEXT
    assert Webhook(text).verify(body, headers)["data"]["metadata"] == {"who": "Änne"}
    with pytest.raises(WebhookVerificationError):
        Webhook(text).verify(body + b" ", headers)
    assert headers["webhook-id"] == "evt_1700000000000-0"


def test_while_one_secret_is_rotated_both_verify_and_then_the_new_one() -> None:
    now = time.time()
    secrets = [secret(SECRET), secret(OTHER, now + 60)]
    for at, verifies in ((now, True), (now + 61, False)):
        body, headers = message(secrets, "1-0", TEXT, at)
        assert Webhook(SECRET).verify(body, headers)
        signatures = headers["webhook-signature"].split()
        assert (len(signatures) == 2) == verifies
    body, headers = message(secrets, "1-0", TEXT, now)
    assert Webhook(OTHER).verify(body, headers)


def test_a_file_holds_a_secret_a_line_with_its_end(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"\ufeff{SECRET}\n{OTHER} 1795863041.5\n\n")
    first, second = from_file(file)
    assert (first.text.get_secret_value(), first.until) == (SECRET, None)
    assert (second.text.get_secret_value(), second.until) == (OTHER, 1795863041.5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2-hunter2-hunter2-hunter2-hunter2",
        "whsec_short",
        "whsec_%%%",
        f"{SECRET} soon",
        f"{SECRET} 1 2",
    ],
)
def test_an_error_says_where_a_secret_is_wrong_and_quotes_nothing(text: str) -> None:
    with pytest.raises(HookSecretError) as caught:
        parse("shop.secret", text)
    assert str(caught.value).startswith("shop.secret: holds ")
    assert not text or text.split()[0] not in str(caught.value)


def test_a_variable_or_a_file_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    assert from_environment("SHOP_SECRET")[0].text.get_secret_value() == SECRET
    with pytest.raises(HookSecretError, match="OTHER_SECRET holds no secret"):
        from_environment("OTHER_SECRET")
    with pytest.raises(HookSecretError, match="No such file"):
        from_file(tmp_path / "none")
