"""Real proxies between the worker and the API: nginx, haproxy, tinyproxy, each from its Debian package."""

import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers.server import until

_NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    log_format requests '$request_method $uri $server_protocol';
    access_log {folder}/requests requests;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {servers}
}}
"""
_HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server {idle}
frontend api
    bind 127.0.0.1:{port}
    default_backend api
backend api
    {lines}
    server api {upstream}
"""
_TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 600
Allow 127.0.0.1
MaxClients 50
BasicAuth {user} {password}
LogFile "{folder}/requests"
LogLevel Connect
"""


@contextmanager
def nginx(folder: Path, port: int, *servers: str) -> Iterator[None]:
    """Run nginx with these `server` blocks, of which one listens on the port, for the length of the block.

    The file `requests` in the folder has a line of method, path and protocol for each request.
    """
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, servers="\n".join(servers)))
    command = ("nginx", "-e", f"{folder}/errors", "-p", str(folder), "-c", f"{folder}/nginx.conf")
    with _running(folder, command, port):
        yield


@contextmanager
def haproxy(folder: Path, port: int, upstream: str, idle: str, lines: str) -> Iterator[None]:
    """Run haproxy, which ends answers that are silent for `idle` (`300ms`), for the length of the block."""
    text = _HAPROXY.format(port=port, upstream=upstream, idle=idle, lines=lines)
    (folder / "haproxy.cfg").write_text(text)
    with _running(folder, ("haproxy", "-q", "-f", f"{folder}/haproxy.cfg"), port):
        yield


@contextmanager
def tinyproxy(folder: Path, port: int, user: str, password: str) -> Iterator[None]:
    """Run tinyproxy, which wants a password, for the length of the block; `requests` tells its requests."""
    text = _TINYPROXY.format(folder=folder, port=port, user=user, password=password)
    (folder / "tinyproxy.conf").write_text(text)
    with _running(folder, ("tinyproxy", "-d", "-c", f"{folder}/tinyproxy.conf"), port):
        yield


@contextmanager
def _running(folder: Path, command: Sequence[str], port: int) -> Iterator[None]:
    with (
        (folder / "output").open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as process,
    ):
        try:
            until(lambda: _is_up(process, port, folder))
            yield
        finally:
            process.terminate()


def _is_up(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> bool:
    assert process.poll() is None, (folder / "output").read_text()
    with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
