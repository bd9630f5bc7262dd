"""The options of a Redis's address: which there are, where each has its place, and what it may say."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


def _number(value: str) -> bool:
    return value.isascii() and value.isdigit()


def _yes_or_no(value: str) -> bool:
    return value.lower() in (*_YES, *_NO)


def _said(value: str) -> bool:
    return bool(value)


def _name(value: str) -> bool:
    """Whether a server takes it as a client's name (Redis, CLIENT SETNAME)."""
    return bool(value) and all("!" <= each <= "~" for each in value)


def _file(value: str) -> bool:
    return Path(value).is_file()


def _folder(value: str) -> bool:
    return Path(value).is_dir()


def _verification(value: str) -> bool:
    return value in ("none", "optional", "required")


def _truth(value: str) -> bool:
    return value.lower() in _YES


class Option(NamedTuple):
    """An option: the check of its value, the rule in words, how the value is read, and what it needs."""

    is_good: Callable[[str], bool]
    rule: str
    read: Callable[[str], Any] = str
    needs: str = ""
    """`tls`, `sentinel`, `tcp`; "" of an option of all addresses."""
    is_path: bool = False
    """Whether the value is a path, which is no secret."""


_IS_FILE, _IS_EMPTY = "names no file that is there", "is empty"
OPTIONS: dict[str, Option] = {
    "db": Option(_number, "must be the number of a database", int),
    "username": Option(_said, _IS_EMPTY),
    "password": Option(_said, _IS_EMPTY),
    "password_file": Option(_file, _IS_FILE, is_path=True),
    "client_name": Option(_name, "must be letters, digits and signs of ASCII, without blanks"),
    "socket_keepalive": Option(_yes_or_no, "must be true or false", _truth, "tcp"),
    "health_check_interval": Option(_number, "must be a whole number of seconds", int),
    "sentinel_username": Option(_said, _IS_EMPTY, needs="sentinel"),
    "sentinel_password": Option(_said, _IS_EMPTY, needs="sentinel"),
    "sentinel_password_file": Option(_file, _IS_FILE, needs="sentinel", is_path=True),
    "sentinel_tls": Option(_yes_or_no, "must be true or false", _truth, "sentinel"),
    "ssl_cert_reqs": Option(_verification, "must be none, optional or required", needs="tls"),
    "ssl_check_hostname": Option(_yes_or_no, "must be true or false", _truth, "tls"),
    "ssl_ca_certs": Option(_file, _IS_FILE, needs="tls", is_path=True),
    "ssl_ca_path": Option(_folder, "names no folder that is there", needs="tls", is_path=True),
    "ssl_certfile": Option(_file, _IS_FILE, needs="tls", is_path=True),
    "ssl_keyfile": Option(_file, _IS_FILE, needs="tls", is_path=True),
    "ssl_password": Option(_said, _IS_EMPTY, needs="tls"),
}
#: What the worker sets itself: with other values it would repeat calls, or hang.
_OWN = (
    *("socket_timeout", "socket_connect_timeout", "socket_read_size", "retry_on_timeout", "retry_on_error"),
    *("max_connections", "timeout", "protocol", "decode_responses", "encoding", "encoding_errors"),
)


def read(name: str, value: str, provided: set[str]) -> Any:
    """Return an option's value; `provided` is what options of this address may need.

    Raises ValueError, which says what is wrong and shows nothing that may be a secret.
    """
    if name in ("ssl", "tls"):
        raise ValueError(
            f"has the option {name}: for TLS, write rediss:// instead of redis:// and leave it out"
        )
    if name in _OWN:
        raise ValueError(f"has the option {name}, which the worker sets itself: leave it out")
    if name not in OPTIONS:
        raise ValueError(_unknown(name))
    option = OPTIONS[name]
    if option.needs == "tls" and "tls" not in provided:
        raise ValueError(f"has the option {name} without TLS: write rediss://, or leave it out")
    if option.needs == "tcp" and "tcp" not in provided:
        raise ValueError(f"has the option {name}, which a unix socket does not know: leave it out")
    if option.needs == "sentinel" and "sentinel" not in provided:
        told = "without Sentinels: write redis+sentinel://, or leave it out"
        raise ValueError(f"has the option {_named(name)} {told}")
    if not option.is_good(value):
        named = f" ({value[:200]})" if option.is_path else ""
        raise ValueError(f"has an option {_named(name)} that {option.rule}{named}")
    return option.read(value)


def _named(name: str) -> str:
    """Return an option's name, with the variable that may have set it."""
    return f"{name} (REDIS_{name.upper()})" if name.endswith("password_file") else name


def _unknown(name: str) -> str:
    near = get_close_matches(name[:64].lower(), OPTIONS, n=1)
    told = f"the nearest is {near[0]}" if near else f"known are {', '.join(OPTIONS)}"
    # An unknown option that looks like none of ours may be the rest of a password.
    what = f"the option {name}" if name.isidentifier() and near else "an option"
    return f"has {what} that is not known; {told}"
