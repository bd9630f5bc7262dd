"""How the C2PA library is used here: without the network, and without pictures of pictures."""

from functools import cache
from typing import Any

import c2pa


@cache
def offline() -> Any:
    """Return the library's context in which it fetches nothing, whatever a file or certificate names."""
    settings = {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    return c2pa.Context(settings=c2pa.Settings.from_dict(settings))
