"""When a token ends, where it says so itself: the `exp` of a JSON Web Token (RFC 7519, 4.1.4)."""

import base64
import json
import math

from pydantic import SecretStr


def end_of(token: SecretStr) -> float | None:
    """Return when a token ends, in seconds since 1970; None where it does not say so.

    Nothing is verified: it is the API that decides.
    """
    parts = token.get_secret_value().split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    end = claims.get("exp") if isinstance(claims, dict) else None
    if not isinstance(end, int | float) or isinstance(end, bool):
        return None
    # Later than any calendar goes it says nothing, and no program can show it.
    return float(end) if math.isfinite(end) and 0 <= end < 1e11 else None
