"""What a token says itself, where it is a JSON Web Token (RFC 7519): whose it is, when it ends."""

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import SecretStr


def last_end(token: SecretStr, listed: Callable[[], Sequence[float]]) -> float | None:
    """Return when an account's token ends, in seconds since 1970; None where nobody says.

    That is what the token itself says, or else the end of the last of all tokens that the API lists for the
    account. Raises what `listed` raises.
    """
    end = end_of(token)
    return max(listed(), default=None) if end is None else end


def claims_of(token: SecretStr) -> Mapping[str, Any]:
    """Return what a token claims, nothing where it is of another kind.

    Nothing is verified: it is the API that decides.
    """
    parts = token.get_secret_value().split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def end_of(token: SecretStr) -> float | None:
    """Return when a token ends (`exp`), in seconds since 1970; None where it does not say so."""
    end = claims_of(token).get("exp")
    if not isinstance(end, int | float) or isinstance(end, bool):
        return None
    # Later than any calendar goes it says nothing, and no program can show it.
    return float(end) if math.isfinite(end) and 0 <= end < 1e11 else None
