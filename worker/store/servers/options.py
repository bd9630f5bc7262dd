"""Makes of an address what connections to its server need."""

from typing import Any

import redis
import redis.asyncio

from config import durations
from config.servers.address import CLUSTER, SENTINEL, SOCKET, Address
from worker.store.servers.asking import Asking
from worker.store.servers.cluster import SlotOwner
from worker.store.servers.finder import Finder
from worker.store.servers.located import AsyncPlain, AsyncTls, Plain, Tls
from worker.store.servers.passwords import PasswordFile
from worker.store.servers.sentinels import Sentinels
from worker.store.servers.trust import Trust


def kind_of(address: Address) -> type:
    """Return the class of its connections."""
    if address.kind == SOCKET:
        return redis.UnixDomainSocketConnection
    return Tls if address.is_tls else Plain


def async_kind_of(address: Address) -> type:
    """Return the class of its connections in asyncio."""
    if address.kind == SOCKET:
        return redis.asyncio.UnixDomainSocketConnection
    return AsyncTls if address.is_tls else AsyncPlain


def options_of(address: Address, namespace: str) -> dict[str, Any]:
    """Return their options; in a cluster, of connections to the node that has a namespace's slot."""
    own = ("sentinel_", "password_file")
    given = {name: value for name, value in address.options.items() if not name.startswith(own)}
    login = _login_of(address)
    options = {"db": address.database, **login}
    options |= {name: value for name, value in given.items() if not name.startswith("ssl_")}
    if address.kind == SOCKET:
        return options | {"path": address.path}
    trust = Trust(given)
    options |= {"host": address.places[0].host, "port": address.places[0].port}
    if address.is_tls:
        options["trust"] = trust
    if address.kind == SENTINEL:
        theirs = _login_of_sentinels(address)
        is_tls = address.options.get("sentinel_tls", address.is_tls)
        options["asking"] = _asking(Sentinels(address.places, address.name), theirs, trust, is_tls=is_tls)
    elif address.kind == CLUSTER:
        finder = SlotOwner(address.places, namespace)
        options["asking"] = _asking(finder, login, trust, is_tls=address.is_tls)
    return options


def _login_of(address: Address) -> dict[str, Any]:
    file = address.options.get("password_file")
    if file is not None:
        return {"credential_provider": PasswordFile(file, address.username, "REDIS_PASSWORD_FILE")}
    return _login(address.username, address.password)


def _login_of_sentinels(address: Address) -> dict[str, Any]:
    user, file = address.options.get("sentinel_username", ""), address.options.get("sentinel_password_file")
    if file is not None:
        return {"credential_provider": PasswordFile(file, user, "REDIS_SENTINEL_PASSWORD_FILE")}
    return _login(user, address.options.get("sentinel_password", ""))


def _login(username: str, password: str) -> dict[str, str]:
    named = {"username": username, "password": password}
    return {name: value for name, value in named.items() if value}


def _asking(finder: Finder, login: dict[str, Any], trust: Trust, *, is_tls: bool) -> Asking:
    options: dict[str, Any] = {
        "socket_connect_timeout": durations.REDIS_FIND_SECONDS,
        "socket_timeout": durations.REDIS_FIND_SECONDS,
        "protocol": 2,
        "driver_info": None,  # as connections to the server itself (worker/store/connection.py)
        "decode_responses": True,
        **login,
    }
    if is_tls:
        options["trust"] = trust
    return Asking(finder, options, is_tls=is_tls)
