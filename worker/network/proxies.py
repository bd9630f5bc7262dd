"""The proxy that the environment names for a host: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY.

The names in small letters come first, as with curl. A proxy's password stands in no text here.
"""

import base64
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from config.errors import NetworkSettingsError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy; as text its URL without user and password."""

    scheme: str
    host: str
    port: int
    authorization: bytes | None = field(repr=False)
    """The value of Proxy-Authorization, None without a user."""
    variable: str
    """The variable that names it."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class Proxies:
    """Which proxy each host is reached by, as the environment says it when this is made."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Raise NetworkSettingsError if what is named for the API can't be used."""
        self._named = {scheme: _named(environment, scheme) for scheme in _PORTS}
        # Commas stand between them, and some write blanks, as curl takes them.
        self._direct = (_value(environment, "NO_PROXY") or "").replace(",", " ").lower().split()
        self._of("https")

    def of(self, scheme: str, host: str, port: int | None) -> Proxy | None:
        """Return the proxy to a host, None where there is none; raises NetworkSettingsError.

        This machine is asked of no proxy, which would take its names for its own.
        """
        host = host.lower().rstrip(".")
        if self._named.get(scheme) is None or _is_this_machine(host):
            return None
        if self._is_direct(host, port or _PORTS[scheme]):
            return None
        return self._of(scheme)

    def _of(self, scheme: str) -> Proxy | None:
        named = self._named[scheme]
        return None if named is None else parse(*named)

    def _is_direct(self, host: str, port: int) -> bool:
        return any(_matches(each, host, port) for each in self._direct)


def parse(variable: str, value: str) -> Proxy:
    """Return the proxy that a variable names; raises NetworkSettingsError, which quotes no password."""
    if "://" not in value:
        raise NetworkSettingsError(
            f"{variable} has no scheme: write it as http://{value.rpartition('@')[2][:100]}"
        )
    try:
        parts = urlsplit(value)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        raise NetworkSettingsError(
            f"{variable} is no URL of a proxy: its port is a number from 1 to 65535, and in a password "
            "/ ? # [ ] @ : are written %2F %3F %23 %5B %5D %40 %3A"
        ) from None
    if scheme not in _PORTS:
        raise NetworkSettingsError(
            f"{variable} names a proxy of the kind {scheme[:20]}://, and only http:// and https:// are "
            f"supported; if the proxy has a port for HTTP, name that in HTTPS_PROXY"
        )
    if not host or port == 0 or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise NetworkSettingsError(f"{variable} is no URL of a proxy: write it as http://HOST:PORT")
    return Proxy(scheme, host, port or _PORTS[scheme], _authorization(parts), variable)


def _authorization(parts: SplitResult) -> bytes | None:
    if parts.username is None:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return b"Basic " + base64.b64encode(pair.encode())


def _named(environment: Mapping[str, str], scheme: str) -> tuple[str, str] | None:
    """Return the variable of a scheme's proxy and its value."""
    for name in (f"{scheme.upper()}_PROXY", "ALL_PROXY"):
        # A web server hands a request's header `Proxy` to its programs as HTTP_PROXY (CVE-2016-5385).
        is_header = name == "HTTP_PROXY" and "REQUEST_METHOD" in environment
        if value := environment.get(name.lower()) or (None if is_header else environment.get(name)):
            return name, value.strip()
    return None


def _value(environment: Mapping[str, str], name: str) -> str | None:
    return environment.get(name.lower()) or environment.get(name)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _matches(rule: str, host: str, port: int) -> bool:
    """Return whether an entry of NO_PROXY fits a host: `*`, a name with all below it, an address, a network.

    With a port behind it, it fits that port only.
    """
    if rule == "*":
        return True
    name, of_port = _split(rule)
    if of_port is not None and of_port != str(port):
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = name.removeprefix("*").strip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False


def _split(rule: str) -> tuple[str, str | None]:
    """Return an entry's name and port; of an IPv6 address, brackets tell them apart."""
    if rule.startswith("["):
        name, _, rest = rule[1:].partition("]")
        return name, rest[1:] or None
    if rule.count(":") == 1:
        name, _, of_port = rule.partition(":")
        return name, of_port
    return rule, None
