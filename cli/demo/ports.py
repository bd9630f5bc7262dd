"""Finds free ports of this machine."""

import socket


def free_port() -> int:
    """Return a loopback port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
