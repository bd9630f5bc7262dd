"""The briefs of a run, drawn from its seed: every kind of brief that needs no person."""

import random
from collections.abc import Sequence
from typing import Any

from sandbox.common.chance import draws

#: Chances that a brief is of a photo, or breaks a rule.
PHOTO, BAD = 0.08, 0.03
BATCHES = (None, "spring", "autumn", "winter")


def orders(seed: int, count: int, accounts: Sequence[str]) -> list[dict[str, Any]]:
    """Return so many briefs; the name of each is its id, which the sandbox's ledger then has of its job."""
    rng = draws(seed, "orders")
    return [_order(rng, f"brief-{number}", accounts) for number in range(count)]


def _order(rng: random.Random, brief_id: str, accounts: Sequence[str]) -> dict[str, Any]:
    brief = {
        "brief_id": brief_id,
        "name": brief_id,
        "account": rng.choice(accounts),
        "batch": rng.choice(BATCHES),
        "priority": rng.choice((0, 0, 0, 5)),
        "choose": rng.choice(("first", "first", "all")),
        "metadata": {"of": brief_id, "empty": []},
    }
    kind = rng.random()
    if kind < BAD:
        return brief | {"instructions": [], "options": {"model": "none"}}
    if kind < BAD + PHOTO:
        return brief | {"reference_image": "ada.jpg"}
    return brief | {"instructions": [_instruction(rng) for _ in range(rng.choice((1, 1, 1, 2)))]}


def _instruction(rng: random.Random) -> dict[str, Any]:
    return {"appearance": {"age": rng.randint(18, 80)}, "num_variations": rng.randint(1, 3)}
