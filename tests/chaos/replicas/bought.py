"""When an API was sent creates, by its own record (time.monotonic)."""

import time

from tests.chaos.harness.world import World


def bought_since(made: World, moment: float) -> bool:
    """Return whether something was bought after a moment."""
    return any(at > moment for at in all_bought(made))


def all_bought(made: World) -> list[float]:
    """Return when something was bought, the earliest first."""
    return sorted(at for each in bought(made).values() for at in each)


def bought(made: World) -> dict[str, list[float]]:
    """Return the same by account."""
    ledger, now = made.ledger(), time.monotonic()
    return {
        name: [
            now - (ledger["now"] - job["states"][0]["at"]) / ledger["speed"]
            for job in account["jobs"]
            if job["job_type"] == "identity_creation"
        ]
        for name, account in ledger["accounts"].items()
    }
