"""How accounts are dealt out among listeners: as many to each, give or take one.

Each decides for itself, by the same numbers. Nothing is taken from a listener: it is asked, and gives what it
has beyond its share.
"""

from collections.abc import Mapping, Sequence


def to_take(accounts: int, listeners: int, held: int) -> int:
    """Return how many more accounts a listener should take of those that nobody has."""
    return max(0, -(-accounts // listeners) - held)


def to_give(accounts: int, listeners: int, held: int) -> int:
    """Return how many accounts a listener should give to who asks for them."""
    return max(0, held - accounts // listeners)


def to_ask(holders: Mapping[str, Sequence[str]], accounts: int, listeners: int, held: int) -> list[str]:
    """Return the accounts that a listener should ask for: of those that have the most, down to the share.

    `holders`: the other listeners, each with its accounts.
    """
    share = accounts // listeners
    spare = {name: list(has[share:]) for name, has in holders.items() if len(has) > share}
    asked: list[str] = []
    while spare and len(asked) < share - held:
        richest = max(spare, key=lambda name: len(spare[name]))
        asked.append(spare[richest].pop())
        if not spare[richest]:
            del spare[richest]
    return asked
