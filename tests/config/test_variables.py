"""The settings as the environment gives them: by which variables, and what goes first."""

from typing import Any

import pytest

from config.errors import SettingsError
from config.settings import Settings, settings


def test_a_variable_is_read_in_whatever_case_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("identity_worker_Speed", "3")
    assert Settings(api_url="http://127.0.0.1").speed == 3


def test_a_fixed_name_goes_before_that_of_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_WORKER_API_URL", "https://second.example")
    assert Settings().api_url == "https://second.example"
    monkeypatch.setenv("PIKTID_API_URL", "https://first.example")
    assert Settings().api_url == "https://first.example"


def test_what_is_given_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIKTID_API_URL", "https://environment.example")
    assert Settings(api_url="https://given.example").api_url == "https://given.example"


def test_a_variable_that_is_set_to_nothing_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_WORKER_REPLICAS", "")
    settings.cache_clear()
    with pytest.raises(SettingsError, match="IDENTITY_WORKER_REPLICAS: must be a whole number"):
        settings()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"speed": "0"}, "IDENTITY_WORKER_SPEED: must be greater than 0"),
        ({"speed": "nan"}, "IDENTITY_WORKER_SPEED: must be a number"),
        ({"replicas": "101"}, "IDENTITY_WORKER_REPLICAS: must be 100 or less"),
        ({"replicas": "1.5"}, "IDENTITY_WORKER_REPLICAS: must be a whole number"),
        ({"keep_event_bytes": "1"}, "IDENTITY_WORKER_KEEP_EVENT_BYTES: must be 1048576 or more"),
        ({"log_json": "perhaps"}, "IDENTITY_WORKER_LOG_JSON: must be true or false"),
        ({"events": "mail"}, "IDENTITY_WORKER_EVENTS: must be 'sse' or 'webhook'"),
    ],
)
def test_a_wrong_value_is_told_by_its_rule(given: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings(**given)
    assert error.value.wrong == [told]


def test_all_that_is_wrong_is_told_at_once_and_no_secret() -> None:
    with pytest.raises(SettingsError) as error:
        Settings(redis_url="http://:hush@host", threads="none", secrets_dir=None)  # type: ignore[arg-type]
    assert len(error.value.wrong) == 2
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(("text", "read"), [("on", True), ("TRUE", True), ("0", False), ("No", False)])
def test_yes_and_no_may_be_written_as_people_do(text: str, read: bool) -> None:
    assert Settings(log_json=text).log_json is read  # type: ignore[arg-type]


def test_a_secret_is_shown_to_nobody() -> None:
    values = Settings(api_token="hush")  # type: ignore[arg-type]
    assert values.api_token is not None
    assert values.api_token.get_secret_value() == "hush"
    assert "hush" not in f"{values} {values.api_token}"
