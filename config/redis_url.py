"""Checks REDIS_URL, and shows it without its secrets."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from config.errors import IdentityWorkerError
from config.servers.address import CLUSTER, Address, parse


class RedisUrlError(IdentityWorkerError, ValueError):
    """Raised when the URL of Redis is wrong; quotes nothing of it that may be a secret."""


def given(environment: Mapping[str, str]) -> str | None:
    """Return the URL that the environment names, None where it names none; raises RedisUrlError.

    As with all settings, the case of the variable's name does not matter.
    """
    named = {name.upper(): value for name, value in environment.items()}
    url = named.get("REDIS_URL")
    if url is None:
        return None
    files = (named.get(each) for each in ("REDIS_PASSWORD_FILE", "REDIS_SENTINEL_PASSWORD_FILE"))
    url = with_password_files(url, *files)
    check(url)
    return url


def with_password_files(url: str, file: str | None, of_sentinels: str | None) -> str:
    """Return a URL whose password, and that of its Sentinels, is read from a file, where one is named."""
    for option, path in (("password_file", file), ("sentinel_password_file", of_sentinels)):
        if path is not None:
            url = f"{url}{'&' if '?' in url else '?'}{option}={quote(path, safe='')}"
    return url


def check(url: str) -> None:
    """Raise RedisUrlError unless the URL is one that a client can be made of."""
    address = read(url)
    if address.is_tls:
        _check_certificates(address.options)


def read(url: str) -> Address:
    """Return the parts of a URL; raises RedisUrlError."""
    try:
        return parse(url)
    except ValueError as error:
        raise RedisUrlError(str(error)) from None


def read_within(url: str, namespace: str) -> Address:
    """Return the parts of a URL; raises RedisUrlError where the keys of the namespace can't be there."""
    address = read(url)
    if address.kind == CLUSTER and not hash_tag(namespace):
        raise RedisUrlError(
            "REDIS_URL leads to a cluster, where all keys must be in one slot: set IDENTITY_WORKER_NAMESPACE "
            "to a name in braces, such as {studio}"
        )
    return address


def hash_tag(namespace: str) -> str:
    """Return the part of each key that says in which slot of a cluster it is, "" where there is none."""
    _, opened, rest = namespace.partition("{")
    tag, closed, _ = rest.partition("}")
    return tag if opened and closed else ""


def redacted(url: str) -> str:
    """Return a URL's server without what may be a password: `rediss://user@host:6379/0`, `unix:///path`."""
    return str(read(url))


def _check_certificates(options: Mapping[str, Any]) -> None:
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
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        raise RedisUrlError("has the option ssl_keyfile without ssl_certfile: name the key's certificate too")
    try:
        if "ssl_certfile" in options:
            password = options.get("ssl_password", "")
            context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"), password)
    except (OSError, ValueError):
        told = "whose files hold no certificate with its key, or can't be read"
        raise RedisUrlError(f"has options ssl_certfile and ssl_keyfile {told}") from None
