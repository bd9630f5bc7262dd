"""How many slots an account has: its limit, or fewer if the API has refused one more identity."""

from dataclasses import dataclass

from worker.views.models import Fields


@dataclass(frozen=True, slots=True)
class SlotsSeen:
    """The number of identities at which the API has said that the account is full."""

    number: int
    at: int
    """When it was said last, in ms since 1970."""
    said: str


def slots_seen(fields: Fields) -> SlotsSeen | None:
    """Return that number by an account's record; None when the API has not said so, or it holds no more."""
    if "slots_seen" not in fields:
        return None
    return SlotsSeen(int(fields["slots_seen"]), int(fields["slots_seen_at"]), fields["slots_seen_reason"])


def slots_cap(limit: int, seen: SlotsSeen | None) -> int | None:
    """Return the slots that may be used, None when nothing bounds them; a limit of 0 is none."""
    caps = [limit] if limit else []
    return min(caps if seen is None else [*caps, seen.number], default=None)
