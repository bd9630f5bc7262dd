"""REDIS_URL: each way to get it wrong is a line that says what to write, and shows nothing of a password."""

import certifi
import pytest
from commandline import Command

from config.redis_url import RedisUrlError, check, redacted
from config.servers.address import parse

SECRET = "SEKRET"
#: What is wrong with it, and what must be said.
WRONG = {
    "": "must be redis://",
    "nonsense": "must be redis://",
    SECRET: "must be redis://",
    "http://h:6379": "must be redis://",
    "REDIS://h:6379": "small letters",
    "Rediss://h": "small letters",
    "UNIX:///tmp/s": "small letters",
    "valkey://h": "must be redis://",
    "redis://": "names no host",
    "redis://:6379/0": "names no host",
    "redis://h/abc": "the number of a database",
    "redis://h/-1": "the number of a database",
    "redis://h/0/1": "the number of a database",
    "redis://h/0?db=1": "database twice",
    "redis://h?db=x": "db that must be the number",
    "redis://h/99999999999": "that no server has",
    "redis://h:port": "a port from 1 to 65535",
    "redis://h:99999": "a port from 1 to 65535",
    "redis://h:0": "a port from 1 to 65535",
    f"redis://user:{SECRET}": "a port from 1 to 65535",
    "redis://::1": "written [::1]:6379",
    "redis://::1:6380/0": "written [::1]:6379",
    "redis://h h/0": "blank",
    "redis://h/0\n": "blank",
    "redis://a..b/0": "can't be read",
    f"redis://:1234/{SECRET}@h/0": "%2F",
    f"redis://user:1234/{SECRET}@h/0": "%2F",
    f"redis://:12#{SECRET}@h/0": "%23",
    f"redis://:1?{SECRET}@h/0": "%3F",
    "redis://h/0?ssl=true": "write rediss:// instead",
    "rediss://h/0?ssl=true": "leave it out",
    "redis://h/0?ssl_cert_reqs=none": "without TLS",
    "rediss://h/0?ssl_cert_reqs=maybe": "must be none, optional or required",
    "rediss://h/0?ssl_check_hostname=perhaps": "must be true or false",
    "rediss://h/0?ssl_ca_certs=/no/such/ca.pem": "no file that is there (/no/such/ca.pem)",
    f"rediss://h/0?ssl_ca_certs={__file__}": "holds no certificate",
    f"rediss://h/0?ssl_certfile={__file__}&ssl_keyfile={__file__}": "no certificate with its key",
    f"rediss://h/0?ssl_keyfile={__file__}": "without ssl_certfile",
    "redis://h/0?client_name=a%20b": "without blanks",
    "redis://h/0?socket_timeout=1": "the worker sets itself",
    "redis://h/0?retry_on_timeout=true": "the worker sets itself",
    "redis://h/0?protocol=3": "the worker sets itself",
    "redis://h/0?client_nam=x": "nearest is client_name",
    f"redis://h/0?{SECRET}": "an option that is not known",
    "redis://h/0?health_check_interval=often": "whole number of seconds",
    "unix:///tmp/s?socket_keepalive=true": "leave it out",
    "unix://tmp/socket": "three slashes",
    "unix://": "names no socket",
    f"unix://:1234/{SECRET}@/tmp/x": "three slashes",
    "unix:///tmp/a%00b": "can't be printed",
}
RIGHT = {
    "redis://h": "redis://h:6379/0",
    "redis://h/": "redis://h:6379/0",
    "redis://h:7000/12": "redis://h:7000/12",
    "redis://h?db=3": "redis://h:6379/3",
    f"redis://:{SECRET}@h/0": "redis://h:6379/0",
    f"redis://ada:{SECRET}%2F%40@h/0": "redis://ada@h:6379/0",
    f"redis://:pa[{SECRET}@h/0": "redis://h:6379/0",
    f"redis://{SECRET}@h/0": "redis://h:6379/0",
    f"redis://{SECRET}:@h/0": "redis://h:6379/0",
    f"unix://{SECRET}@/tmp/s": "unix:///tmp/s",
    f"redis://h?username=ada&password={SECRET}": "redis://ada@h:6379/0",
    "redis://[::1]:6380/1": "redis://[::1]:6380/1",
    f"rediss://:{SECRET}@h/0?ssl_cert_reqs=none": "rediss://h:6379/0",
    "rediss://h/0?ssl_check_hostname=false&ssl_cert_reqs=required": "rediss://h:6379/0",
    "unix:///tmp/a%20b.sock": "unix:///tmp/a b.sock",
    f"unix://ada:{SECRET}@/tmp/s?db=1": "unix://ada@/tmp/s (database 1)",
    f"unix:///tmp/s?password={SECRET}": "unix:///tmp/s",
}


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_url_is_refused_with_its_remedy_and_no_secret(url: str) -> None:
    with pytest.raises(RedisUrlError) as refused:
        check(url)
    assert WRONG[url] in str(refused.value)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("url", RIGHT)
def test_a_right_url_is_taken_and_told_without_its_password(url: str) -> None:
    check(url)
    assert redacted(url) == RIGHT[url]


@pytest.mark.parametrize(
    "url",
    [
        "redis://h/0?ssl=true",
        "redis://h/0?ssl_cert_reqs=none",
        "redis://h/abc",
        f"redis://:1234/{SECRET}@h/0",
    ],
)
@pytest.mark.parametrize("arguments", [["enqueue", "-"], ["status"], ["doctor"]])
def test_each_command_says_it_in_a_line_of_its_own(url: str, arguments: list[str], alone: Command) -> None:
    answer = alone(*arguments, stdin="{}", REDIS_URL=url)
    assert answer.returncode == (1 if arguments == ["doctor"] else 2)
    told = answer.stdout + answer.stderr
    assert "REDIS_URL: " in told
    assert "Traceback" not in told
    assert SECRET not in told


def test_a_plus_is_a_plus_in_each_part() -> None:
    read = parse("redis+sentinel://a+b:c+d@h/studio?sentinel_password=e+%2Ff=&client_name=g+h")
    assert (read.username, read.password) == ("a+b", "c+d")
    assert read.options == {"sentinel_password": "e+/f=", "client_name": "g+h"}


def test_a_file_of_certificates_is_taken() -> None:
    check(f"rediss://h/0?ssl_ca_certs={certifi.where()}")
