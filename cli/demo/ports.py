"""Finds free ports of this machine."""

import secrets
import socket
from contextlib import suppress

#: Below those that systems give to connections and to whoever asks for any port (Linux from 32768 on, RFC
#: 6335 from 49152 on): one of these could be somebody's before the server for which it was found listens.
_PORTS = range(20_000, 32_000)
#: Ports that are tried; so many are not all taken by chance.
_TRIES = 100


def free_port() -> int:
    """Return a loopback port that nobody listens on at the moment; raises OSError where there is none."""
    for _ in range(_TRIES):
        port = secrets.choice(_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError(f"of {_TRIES} loopback ports from {_PORTS.start} to {_PORTS.stop - 1} none was free")
