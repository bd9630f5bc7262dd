"""Repeatable chance: every draw comes from the seed and the name of what it decides."""

import hashlib
import math
import random

#: Letters of the guide's example of an identity code.
CODE_LETTERS = "abcdefghijkmnpqrstuvwxyz0123456789"


def draws(seed: int, *names: object) -> random.Random:
    """A generator of its own for the thing so named, so that the order of requests changes nothing."""
    return random.Random("/".join(str(part) for part in (seed, *names)))  # noqa: S311  # not for secrets


def duration(rng: random.Random, median: float, spread: float | None) -> float:
    """Seconds from a log-normal distribution; one standard deviation up is `median + spread`.

    Without a spread it is a quarter of the median.
    """
    if median == 0:
        return 0.0
    spread = median / 4 if spread is None else spread
    return median * math.exp(rng.gauss(0.0, 1.0) * math.log1p(spread / median))


def code(rng: random.Random, length: int = 12) -> str:
    """A code of small letters and digits."""
    return "".join(rng.choices(CODE_LETTERS, k=length))


def fingerprint(body: bytes) -> str:
    """A short digest, equal for equal bodies."""
    return hashlib.sha256(body).hexdigest()[:16]
