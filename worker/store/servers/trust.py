"""The TLS contexts of connections, made once and anew when their files change: certificates are renewed."""

import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.servers.tls import client_context

_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
#: Size and time of each file when it was read.
_Stamp = tuple[tuple[int, int, int], ...]


class Trust:
    """What an address's TLS options make of connections: whom to trust, and what to show of oneself."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._stamp: _Stamp | None = None
        self._made: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Return the context by the files as they are now; raises OSError where one can't be used."""
        with self._lock:
            stamp = tuple(_stamp(Path(self._options[each])) for each in _FILES if each in self._options)
            if self._made is None or stamp != self._stamp:
                self._made, self._stamp = self._make(), stamp
            return self._made

    def _make(self) -> ssl.SSLContext:
        options = self._options
        if options.get("ssl_cert_reqs", "required") == "none":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        else:
            context = client_context()
            context.check_hostname = options.get("ssl_check_hostname", True)
            if "ssl_ca_certs" in options or "ssl_ca_path" in options:
                context.load_verify_locations(options.get("ssl_ca_certs"), options.get("ssl_ca_path"))
        if "ssl_certfile" in options:
            password = options.get("ssl_password", "")
            context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"), password)
        return context


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
