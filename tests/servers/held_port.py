"""The port of a server that is down for a while, kept from all others."""

import socket


def hold(host: str, port: int) -> socket.socket:
    """Return what keeps a port until it is closed: who connects is refused, and nobody else listens there.

    Else a server of another test may draw it meanwhile, and what is sent there is acknowledged and lost.
    """
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    # Connections of the server that is down may still be closing; whoever asks for the port later is refused.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((host, port))
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    return held
