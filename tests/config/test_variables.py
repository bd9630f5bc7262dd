"""The settings as the environment gives them: by which variables, and what goes first."""

import pytest

from config.settings import Settings, SettingsError, settings


def test_a_variable_is_read_in_whatever_case_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("identity_worker_Speed", "3")
    assert Settings().speed == 3


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
    with pytest.raises(SettingsError, match="IDENTITY_WORKER_REPLICAS: Input should be a valid integer"):
        settings()
