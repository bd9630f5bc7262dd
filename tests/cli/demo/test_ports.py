"""A port that was found free is nobody's until its server listens."""

import socket

import pytest

from cli.demo import ports


def test_a_free_port_is_none_that_systems_give_to_connections() -> None:
    assert all(ports.free_port() < 32_768 for _ in range(20))


def test_a_port_that_is_taken_is_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    port = ports.free_port()
    monkeypatch.setattr(ports, "_PORTS", range(port, port + 1))
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match="none was free"):
        ports.free_port()
    assert ports.free_port() == port
