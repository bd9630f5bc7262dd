"""The API is called by https, or in clear on this machine alone."""

import pytest

from config.errors import SettingsError
from config.settings import Settings


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.7",
        "http://v2.api.piktid.com",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "ftp://127.0.0.1",
        "//127.0.0.1",
        "https://xn--zz--a",
    ],
)
def test_no_api_is_called_in_clear_but_one_on_this_machine(url: str) -> None:
    with pytest.raises(SettingsError, match="must be https, or http to this machine"):
        Settings(api_url=url)


@pytest.mark.parametrize("url", ["https://v2.api.piktid.com", "http://127.0.0.1:80", "http://[::1]:80"])
def test_an_api_by_https_or_on_this_machine_may_be_called(url: str) -> None:
    assert Settings(api_url=url).api_url == url
