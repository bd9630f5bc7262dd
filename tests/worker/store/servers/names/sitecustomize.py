"""Has names lead where a file says, in the process on whose path this stands: as a resolver without a cache.

NAMES_FILE: its lines are a name and an address each. Python imports a module of this name before any other;
to change what the machine's own resolver says would take a privilege.
"""

import os
import socket
from pathlib import Path
from typing import Any

_look_up: Any = socket.getaddrinfo


def _by_file(host: Any, *more: Any, **named: Any) -> Any:
    lines = Path(os.environ["NAMES_FILE"]).read_text().splitlines()
    return _look_up(dict(line.split() for line in lines).get(host, host), *more, **named)


if "NAMES_FILE" in os.environ:
    socket.getaddrinfo = _by_file
