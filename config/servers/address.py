"""Reads the address of a Redis: one server, a socket, Sentinels that know the primary, or a cluster.

redis-py accepts almost everything: an unknown option is a traceback at the first connection, `/abc` is
database 0, and a password with a slash in it is cut in two, of which one half is named in the error.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from config.servers import options

SENTINEL, CLUSTER, SERVER, SOCKET = "sentinel", "cluster", "server", "socket"
#: What each scheme leads to; those that begin with `rediss` by TLS.
SCHEMES = {
    "redis": SERVER,
    "rediss": SERVER,
    "unix": SOCKET,
    "redis+sentinel": SENTINEL,
    "rediss+sentinel": SENTINEL,
    "redis+cluster": CLUSTER,
    "rediss+cluster": CLUSTER,
}
_PORTS = {SERVER: 6379, SENTINEL: 26379, CLUSTER: 6379}
#: The highest number of a database that a server can read (Redis, SELECT).
_MOST_DATABASES = 2**31 - 1
#: How an address is written.
FORM = (
    "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], rediss:// for TLS, or unix:///PATH[?db=DATABASE]; "
    "with Sentinels redis+sentinel://HOST[:PORT],HOST/NAME[/DATABASE], for a cluster redis+cluster://HOST[:PORT],HOST"
)
_ENCODE = "in a user or password, / ? # @ and % are written as %2F %3F %23 %40 and %25"
_UNREADABLE = f"can't be read: {FORM}; {_ENCODE}"
_NO_DATABASE = f"must have the number of a database behind the host, or nothing: {FORM}"


class Place(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Address(NamedTuple):
    """An address, its parts decoded."""

    scheme: str
    places: tuple[Place, ...]
    """The server, the Sentinels, or nodes of the cluster; none of a socket."""
    path: str
    """The socket."""
    name: str
    """What the Sentinels call the primary."""
    database: int
    username: str
    password: str
    options: Mapping[str, Any]
    """All other options."""

    @property
    def kind(self) -> str:
        """What it leads to: SERVER, SOCKET, SENTINEL, CLUSTER."""
        return SCHEMES[self.scheme]

    @property
    def is_tls(self) -> bool:
        """Whether the server is spoken to by TLS."""
        return self.scheme.startswith("rediss")

    def __str__(self) -> str:
        """Return the address without what may be a secret: `rediss://user@host:6379/0`, `unix:///path`."""
        # What stands alone may be a password in the wrong place.
        has_password = self.password or "password_file" in self.options
        user = f"{self.username}@" if self.username and has_password else ""
        if self.kind == SOCKET:
            database = f" (database {self.database})" if self.database else ""
            return f"unix://{user}{self.path}{database}"
        at = f"{self.scheme}://{user}{','.join(map(str, self.places))}"
        if self.kind == CLUSTER:
            return at
        return f"{at}/{self.name}/{self.database}" if self.kind == SENTINEL else f"{at}/{self.database}"


def parse(url: str) -> Address:
    """Return an address; raises ValueError, which quotes nothing that may be a secret."""
    if any(each.isspace() for each in url):
        raise ValueError("has a blank in it: leave it out, or write %20")
    scheme, separated, rest = url.partition("://")
    if not separated or scheme.lower() not in SCHEMES:
        raise ValueError(f"must be {FORM}")
    if scheme not in SCHEMES:
        raise ValueError(f"must begin in small letters: {scheme.lower()}://")
    authority = rest[: min((rest + "/?#").index(each) for each in "/?#")]
    before, fragmented, fragment = rest[len(authority) :].partition("#")
    path, _, query = before.partition("?")
    kind = SCHEMES[scheme]
    if kind != SOCKET and any("@" in part for part in (path, query, fragment)):
        raise ValueError(f"has an @ behind its host: {_ENCODE}")
    if fragmented:
        raise ValueError(f"has a #: {_ENCODE}")
    user, named, hosts = authority.rpartition("@")
    if kind == SOCKET and (hosts or (authority and not named)):
        raise ValueError(f"names a host; a socket is unix:///PATH, with three slashes; {_ENCODE}")
    places = () if kind == SOCKET else _places(kind, hosts)
    given = _options(scheme, query)
    if not _decoded(path).isprintable():
        raise ValueError("has a character in its path that can't be printed")
    name, database = _target(kind, _decoded(path), given.pop("db", None))
    username, password = _login(user, given)
    socket = _decoded(path) if kind == SOCKET else ""
    return Address(scheme, places, socket, name, database, username, password, given)


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("has percent signs that stand for no text: a % itself is written as %25") from None


def _places(kind: str, hosts: str) -> tuple[Place, ...]:
    each = hosts.split(",")
    if kind == SERVER and len(each) > 1:
        told = "for Sentinels write redis+sentinel://, for a cluster redis+cluster://"
        raise ValueError(f"names several hosts: {told}")
    return tuple(_place(one, _PORTS[kind]) for one in each)


def _place(text: str, port: int) -> Place:
    end = text.rfind("]") + 1
    host, colon, number = (
        text.partition(":") if not end else (text[:end], text[end : end + 1], text[end + 1 :])
    )
    if not end and ":" in number:
        raise ValueError(f"has several colons in its host: an IPv6 address is written [::1]:6379; {_ENCODE}")
    if not host:
        raise ValueError(f"names no host: {FORM}; {_ENCODE}")
    if colon not in ("", ":"):
        raise ValueError(_UNREADABLE)
    if number and not (number.isascii() and number.isdigit() and 0 < int(number) <= 65_535):
        raise ValueError(f"must have a port from 1 to 65535 behind the host, or none; {_ENCODE}")
    return Place(_host(host), int(number or port))


def _host(text: str) -> str:
    host = _decoded(text)
    try:
        if host.startswith("["):
            return str(ipaddress.IPv6Address(host.removeprefix("[").removesuffix("]")))
        host.encode("idna")
    except ValueError:
        raise ValueError(_UNREADABLE) from None
    return host.lower()


def _options(scheme: str, query: str) -> dict[str, Any]:
    provided = {SCHEMES[scheme], *(["tls"] if scheme.startswith("rediss") else [])}
    provided |= set() if scheme == "unix" else {"tcp"}
    found: dict[str, Any] = {}
    # A plus is a plus: a form would have a blank there, of which passwords have fewer.
    for name, value in parse_qsl(query.replace("+", "%2B"), keep_blank_values=True):
        read = options.read(name, value, provided)
        if name in found:
            raise ValueError(f"has the option {name} twice: leave one out")
        found[name] = read
    return found


def _target(kind: str, path: str, option: int | None) -> tuple[str, int]:
    """Return what the Sentinels call the primary, "" without Sentinels, and the database."""
    if kind == SOCKET:
        if not path.startswith("/"):
            raise ValueError("names no socket: unix:///PATH, with three slashes")
        return "", option or 0
    name, _, number = path.removeprefix("/").partition("/") if kind == SENTINEL else ("", "", path[1:])
    if kind == SENTINEL and not name:
        raise ValueError(f"does not say what the Sentinels call the primary, often mymaster: {FORM}")
    if number and not (number.isascii() and number.isdigit()):
        raise ValueError(_NO_DATABASE)
    if number and option is not None:
        raise ValueError("names its database twice: behind the host, and as the option db")
    database = int(number or 0) if option is None else option
    if database > _MOST_DATABASES:
        raise ValueError("names a database that no server has: many have those from 0 to 15")
    if kind == CLUSTER and database:
        raise ValueError("names a database, and a cluster has 0 alone: leave it out")
    return name, database


def _login(user: str, given: dict[str, Any]) -> tuple[str, str]:
    username, _, password = user.partition(":")
    optional = given.pop("username", ""), given.pop("password", "")
    for what, one, other in (("user", username, optional[0]), ("password", password, optional[1])):
        if one and other:
            raise ValueError(f"names its {what} twice: before the host, and as an option")
    if "password_file" in given and (password or optional[1]):
        raise ValueError("has a password, and REDIS_PASSWORD_FILE names another one: leave one of them out")
    if "sentinel_password_file" in given and "sentinel_password" in given:
        told = "and REDIS_SENTINEL_PASSWORD_FILE names another one: leave one of them out"
        raise ValueError(f"has the option sentinel_password, {told}")
    return _decoded(username) or optional[0], _decoded(password) or optional[1]
