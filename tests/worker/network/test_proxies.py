"""Which proxy the environment names for a host, and what is said of one that it names wrongly."""

import pytest

from config.errors import NetworkSettingsError
from worker.network.proxies import Proxies

PROXY = "http://user:s3cret@proxy.example:3128"


def through(environment: dict[str, str], host: str = "v2.api.example", port: int | None = None) -> str | None:
    proxy = Proxies(environment).of("https", host, port)
    return None if proxy is None else str(proxy)


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": PROXY}, "http://proxy.example:3128"),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other.example"}, "http://proxy.example:3128"),
        ({"ALL_PROXY": PROXY}, "http://proxy.example:3128"),
        ({"HTTPS_PROXY": PROXY, "ALL_PROXY": "socks5://a.example"}, "http://proxy.example:3128"),
        ({"HTTP_PROXY": PROXY}, None),
        ({"HTTPS_PROXY": "http://[fd00::1]:3128/"}, "http://[fd00::1]:3128"),
        ({"HTTPS_PROXY": "https://proxy.example"}, "https://proxy.example:443"),
    ],
)
def test_the_proxy_of_https_is_the_one_named_for_it(environment: dict[str, str], proxy: str | None) -> None:
    assert through(environment) == proxy


@pytest.mark.parametrize(
    ("host", "port", "rule"),
    [
        ("v2.api.example", None, "*"),
        ("v2.api.example", None, "v2.api.example"),
        ("v2.api.example", None, "other.example, API.example"),
        ("v2.api.example", None, "localhost api.example"),
        ("v2.api.example", None, ".api.example"),
        ("v2.api.example", None, "*.api.example"),
        ("v2.api.example", None, "api.example:443"),
        ("v2.api.example", None, "api.example."),
        ("v2.api.example.", None, "v2.api.example.:443"),
        ("v2.api.example", 8443, "api.example:8443"),
        ("192.0.2.7", None, "192.0.2.0/24"),
        ("192.0.2.7", None, "192.0.2.7"),
        ("2001:db8::1", 443, "[2001:db8::1]:443"),
        ("2001:db8::1", None, "2001:db8::/32"),
        ("localhost", None, ""),
        ("127.0.0.1", 8080, ""),
        ("::1", 8080, ""),
    ],
)
def test_hosts_of_no_proxy_and_this_machine_are_reached_directly(
    host: str, port: int | None, rule: str
) -> None:
    assert through({"HTTPS_PROXY": PROXY, "NO_PROXY": rule}, host, port) is None


@pytest.mark.parametrize(("rule", "is_direct"), [("shop.example:80", True), ("shop.example:443", False)])
def test_a_url_without_a_port_has_the_one_of_its_scheme(rule: str, is_direct: bool) -> None:
    found = Proxies({"HTTP_PROXY": PROXY, "NO_PROXY": rule}).of("http", "shop.example", None)
    assert (found is None) == is_direct


@pytest.mark.parametrize(
    "rule", ["pi.example", "other.example", "api.example:8443", "192.0.2.0/24", ".", ","]
)
def test_what_no_proxy_does_not_name_goes_by_the_proxy(rule: str) -> None:
    assert through({"HTTPS_PROXY": PROXY, "NO_PROXY": rule}) == "http://proxy.example:3128"


def test_a_web_servers_header_is_no_proxy() -> None:
    environment = {"HTTP_PROXY": "http://evil.example", "REQUEST_METHOD": "GET"}
    assert Proxies(environment).of("http", "pictures.example", None) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("user:s3cret@proxy.example:3128", "has no scheme: write it as http://proxy.example:3128"),
        ("socks5://user:s3cret@proxy.example:1080", "names a proxy of the kind socks5://"),
        ("http://user:s3cret@proxy.example:70000", "its port is a number from 1 to 65535"),
        ("http://user:s3cret@proxy.example:0", "write it as http://HOST:PORT"),
        ("http://user:s3c/s3cret@proxy.example:3128", "in a password / ? # [ ] @ : are written %2F"),
        ("http://user:s3cret@", "write it as http://HOST:PORT"),
        ("http://user:s3cret@[proxy.example", "is no URL of a proxy"),
    ],
)
def test_a_proxy_named_wrongly_is_told_of_without_its_password(value: str, said: str) -> None:
    for variable in ("HTTPS_PROXY", "ALL_PROXY"):
        with pytest.raises(NetworkSettingsError) as error:
            Proxies({variable: value})
        told = str(error.value)
        assert told.startswith(variable)
        assert said in told
        assert "s3c" not in told
        assert "\n" not in told
    assert "s3cret" not in repr(Proxies({"HTTPS_PROXY": PROXY}).of("https", "a.example", None))
