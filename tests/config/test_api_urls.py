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
        "https://user@v2.api.piktid.com",
        "https://v2.api.piktid.com:99999",
        "https://v2.api.piktid.com:0",
        "https://v2.api.piktid.com/?v=2",
        "https://v2.api.piktid.com/#v2",
    ],
)
def test_no_api_is_called_in_clear_but_one_on_this_machine(url: str) -> None:
    with pytest.raises(SettingsError, match="must be https, or http to this machine"):
        Settings(api_url=url)


@pytest.mark.parametrize("url", ["https://v2.api.piktid.com", "http://127.0.0.1:80", "http://[::1]:80"])
def test_an_api_by_https_or_on_this_machine_may_be_called(url: str) -> None:
    assert Settings(api_url=url).api_url == url


@pytest.mark.parametrize(
    "url", ["https://v2.api.piktid.com", "https://PIKTID.com/path", "https://v3.api.piktid.com.:443"]
)
def test_the_real_api_is_called_by_real_clocks_only(url: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings(api_url=url, speed=1.1)
    assert error.value.wrong == [
        "IDENTITY_WORKER_SPEED: above 1 only with a sandbox: unset it, or name a sandbox in PIKTID_API_URL"
    ]
    assert Settings(api_url=url, speed=1).speed == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:8900", "http://[::1]:80", "https://notpiktid.com"])
def test_a_sandbox_may_have_faster_clocks(url: str) -> None:
    assert Settings(api_url=url, speed=60).speed == 60
