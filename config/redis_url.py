"""Checks REDIS_URL, and shows it without its secrets.

redis-py accepts almost everything: an unknown option is a traceback at the first connection, `/abc` is
database 0, and a password with a slash in it is cut in two, of which one half is named in the error.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from config.errors import IdentityWorkerError
from config.text import nearest

_FORM = "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], rediss:// for TLS, or unix:///PATH[?db=DATABASE]"
_ENCODE = "in a user or password, / ? # @ and % are written as %2F %3F %23 %40 and %25"
_YES_OR_NO = ("true", "false", "yes", "no", "1", "0")


class RedisUrlError(IdentityWorkerError, ValueError):
    """Raised when the URL of Redis is wrong; quotes nothing of it that may be a secret."""


def given(environment: Mapping[str, str]) -> str | None:
    """Return the URL that the environment names, None where it names none; raises RedisUrlError.

    As with all settings, the case of the variable's name does not matter.
    """
    url = {name.upper(): value for name, value in environment.items()}.get("REDIS_URL")
    if url is not None:
        check(url)
    return url


def check(url: str) -> None:
    """Raise RedisUrlError unless the URL is one that a client can be made of."""
    if any(each.isspace() for each in url):
        raise RedisUrlError("has a blank in it: leave it out, or write %20")
    try:
        parts = urlsplit(url)
        port = parts.port
        unquote(parts.hostname or "").encode("idna")
    except ValueError:
        raise RedisUrlError(f"can't be read: {_FORM}; {_ENCODE}") from None
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise RedisUrlError(f"must be {_FORM}")
    if not url.startswith(parts.scheme):
        raise RedisUrlError("must begin in small letters: redis://, rediss:// or unix://")
    if any("@" in part for part in (parts.path, parts.query, parts.fragment) if parts.scheme != "unix"):
        raise RedisUrlError(f"has an @ behind its host: {_ENCODE}")
    if parts.fragment:
        raise RedisUrlError(f"has a #: {_ENCODE}")
    if parts.scheme == "unix":
        _check_path(parts)
    else:
        _check_place(parts, port)
    if not unquote(parts.path).isprintable():
        raise RedisUrlError("has a character in its path that can't be printed")
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        _check_option(parts.scheme, name, value)
    if parts.scheme == "rediss":
        _check_certificates(dict(parse_qsl(parts.query)))


def redacted(url: str) -> str:
    """Return a URL's server without what may be a password: `rediss://user@host:6379/0`, `unix:///path`."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    user = unquote(parts.username or "") or options.get("username", "")
    if not (parts.password or "password" in options):
        user = ""  # what stands alone may be a password in the wrong place
    if parts.scheme == "unix":
        database = f" (database {options['db']})" if "db" in options else ""
        return f"unix://{user and user + '@'}{unquote(parts.path)}{database}"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    database = parts.path.strip("/") or options.get("db", "0")
    return f"{parts.scheme}://{user and user + '@'}{host}:{parts.port or 6379}/{database}"


def _check_path(parts: SplitResult) -> None:
    if ("@" not in parts.netloc and parts.netloc) or parts.hostname or parts.port is not None:
        raise RedisUrlError(f"names a host; a socket is unix:///PATH, with three slashes; {_ENCODE}")
    if not parts.path.startswith("/"):
        raise RedisUrlError("names no socket: unix:///PATH, with three slashes")


def _check_place(parts: SplitResult, port: int | None) -> None:
    if not parts.hostname:
        raise RedisUrlError(f"names no host: {_FORM}; {_ENCODE}")
    if port == 0:
        raise RedisUrlError("has the port 0: nobody listens there")
    number = parts.path.removeprefix("/")
    if number and not (number.isascii() and number.isdigit()):
        raise RedisUrlError(f"must have the number of a database behind the host, or nothing: {_FORM}")
    if number and "db" in dict(parse_qsl(parts.query)):
        raise RedisUrlError("names its database twice: behind the host, and as the option db")


def _number(value: str) -> bool:
    return value.isascii() and value.isdigit()


def _yes_or_no(value: str) -> bool:
    return value.lower() in _YES_OR_NO


def _said(value: str) -> bool:
    return bool(value)


def _file(value: str) -> bool:
    return Path(value).is_file()


def _folder(value: str) -> bool:
    return Path(value).is_dir()


def _verification(value: str) -> bool:
    return value in ("none", "optional", "required")


#: The options of a URL: the check of the value, and the rule in words.
_OPTIONS: dict[str, tuple[Callable[[str], bool], str]] = {
    "db": (_number, "must be the number of a database"),
    "username": (_said, "is empty"),
    "password": (_said, "is empty"),
    "client_name": (_said, "is empty"),
    "socket_keepalive": (_yes_or_no, "must be true or false"),
    "health_check_interval": (_number, "must be a whole number of seconds"),
}
#: Those with TLS.
_TLS_OPTIONS: dict[str, tuple[Callable[[str], bool], str]] = {
    "ssl_cert_reqs": (_verification, "must be none, optional or required"),
    "ssl_check_hostname": (_yes_or_no, "must be true or false"),
    "ssl_ca_certs": (_file, "names no file that is there"),
    "ssl_ca_path": (_folder, "names no folder that is there"),
    "ssl_certfile": (_file, "names no file that is there"),
    "ssl_keyfile": (_file, "names no file that is there"),
    "ssl_password": (_said, "is empty"),
}
#: Those whose value is a path, which is no secret.
_FILES = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")
#: What the worker sets itself: with other values it would repeat calls, or hang.
_OWN = (
    *("socket_timeout", "socket_connect_timeout", "socket_read_size", "retry_on_timeout", "retry_on_error"),
    *("max_connections", "timeout", "protocol", "decode_responses", "encoding", "encoding_errors"),
)


def _check_option(scheme: str, name: str, value: str) -> None:
    if name in ("ssl", "tls"):
        raise RedisUrlError(
            f"has the option {name}: for TLS, write rediss:// instead of redis:// and leave it out"
        )
    if name in _OWN:
        raise RedisUrlError(f"has the option {name}, which the worker sets itself: leave it out")
    if name in _TLS_OPTIONS and scheme != "rediss":
        raise RedisUrlError(f"has the option {name} without TLS: write rediss://, or leave it out")
    if name == "socket_keepalive" and scheme == "unix":
        raise RedisUrlError(
            "has the option socket_keepalive, which a unix socket does not know: leave it out"
        )
    known = _OPTIONS | _TLS_OPTIONS
    if name not in known:
        near = nearest(name, known)
        told = f"the nearest is {near}" if near else f"known are {', '.join(known)}"
        # A name that looks like none may be what is left of a password.
        what = f"the option {name}" if name.isidentifier() and near else "an option"
        raise RedisUrlError(f"has {what} that is not known; {told}")
    is_good, rule = known[name]
    if not is_good(value):
        named = f" ({value[:200]})" if name in _FILES else ""
        raise RedisUrlError(f"has an option {name} that {rule}{named}")


def _check_certificates(options: dict[str, str]) -> None:
    """Read the files: at the first connection, their errors would look like those of the network."""
    # Not at the top: few addresses are with TLS, and every command reads this one.
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if "ssl_ca_certs" in options:
            context.load_verify_locations(cafile=options["ssl_ca_certs"])
    except (OSError, ValueError):
        raise RedisUrlError(
            "has an option ssl_ca_certs whose file holds no certificate, or can't be read"
        ) from None
    try:
        if "ssl_certfile" in options:
            password = options.get("ssl_password", "")
            context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"), password)
    except (OSError, ValueError):
        told = "whose files hold no certificate with its key, or can't be read"
        raise RedisUrlError(f"has options ssl_certfile and ssl_keyfile {told}") from None
