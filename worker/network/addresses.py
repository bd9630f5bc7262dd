"""Decides which network addresses a picture may be fetched from, and resolves host names.

A brief comes from outside, and the worker stands inside: what it fetches for a brief must be nothing that
only the inside can reach, cloud metadata above all. So the address is judged, never the name.
"""

import ipaddress
import queue
import socket
import threading
from typing import Any

from worker.network.errors import FileRefusedError, FileUnavailableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Metadata services at addresses that look public.
_METADATA = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "192.0.0.192")))
#: What IPv6 has given out as global unicast so far. Whatever stands for an IPv4 address lies outside of it,
#: or is the range after it (6to4, RFC 3056).
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_6TO4 = ipaddress.IPv6Network("2002::/16")
#: Threads that may wait for the resolver: those of a dead one end late, and are never joined.
_waiting = threading.BoundedSemaphore(32)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public Internet."""
    if address in _METADATA or not address.is_global or address.is_multicast:
        return False
    return isinstance(address, ipaddress.IPv4Address) or (address in _GLOBAL_UNICAST and address not in _6TO4)


def look_up(host: str, port: int, seconds: float) -> list[str]:
    """Return a host's addresses; raises OSError (TimeoutError is one) or UnicodeError.

    The system's resolver has times of its own, half a minute and more, so a thread beside waits for it.
    """
    if is_address(host):
        return [host]
    if not _waiting.acquire(timeout=seconds):
        raise TimeoutError("too many names are being looked up")
    answer: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.put(error)
        finally:
            _waiting.release()

    try:
        threading.Thread(target=ask, name="name look-up", daemon=True).start()
    except RuntimeError as error:  # of memory, or of the number of a container's threads, nothing is left
        _waiting.release()
        raise OSError(str(error)) from error
    try:
        found = answer.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("its name was not found in time") from None
    if isinstance(found, Exception):
        raise found
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def resolve(host: str, port: int, seconds: float, *, private: bool) -> list[str]:
    """Return a host's addresses; with `private`, whatever they are.

    Raises FileRefusedError if any one of them is not public: a name that has both kinds has them to choose
    the moment. Raises FileUnavailableError when the name can't be resolved.
    """
    try:
        addresses = look_up(host, port, seconds)
    except (OSError, UnicodeError) as error:
        raise FileUnavailableError(f"{host} has no address: {error}") from error
    if not private and not all(_is_public_text(address) for address in addresses):
        raise FileRefusedError(f"{host} is, or may be, inside a private network")
    return addresses


def is_address(host: str) -> bool:
    """Whether a host is named by an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public_text(address: str) -> bool:
    try:
        # The zone of a link-local address (`fe80::1%eth0`) is part of the text.
        return is_public(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
