"""The ledger's schema: how what is on record is to be read, and the steps that bring an older ledger to it.

A step is added at the end, with a piece of work in `worker/ledger/lua/lib/migrations.lua`; none is ever taken
away, so a ledger of any age becomes one of the present schema. A ledger that says nothing is of schema 1; one
that no brief was ever on begins at the present schema.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Step(NamedTuple):
    """What makes a ledger of the schema before into one of this number."""

    number: int
    release: str
    """The first release that knows this schema: what whoever is refused should run."""
    what: str
    """What it does to the ledger, for people."""
    piece: str
    """The function in `migrations.lua` that does a piece of it."""
    oldest: int
    """The oldest schema whose processes may work on the ledger once this step has begun.

    Where older ones may, what they leave behind must show in `migrations.lua` (`left`): it is migrated after
    them.
    """


STEPS = (
    Step(
        2,
        "0.2.0",
        "each brief is counted and in the index of all, and holds no credits once finished",
        "count_briefs",
        1,
    ),
)


class Standing(NamedTuple):
    """What is on record of a ledger's schema."""

    number: int
    """The schema that it is of as a whole."""
    oldest: int
    """The oldest schema whose processes may work on it."""
    release: str
    """The oldest release whose processes may; blank where any may."""
    done: int
    """Records that the step which is under way has been through."""
    mended: int
    """Records that the steps had to change, of this pass or the last one."""

    @property
    def is_settled(self) -> bool:
        """Whether it is of the present schema, and a whole pass has found nothing to mend."""
        return self.number >= present() and not self.mended


class Refusal(NamedTuple):
    """Why this release may not work on a ledger, and what to do."""

    what: str
    remedy: str


def present() -> int:
    """Return the schema of this release."""
    return STEPS[-1].number


def standing(record: Mapping[str, str]) -> Standing:
    """Read the record of a ledger's schema, which is empty where none was ever put there."""
    number, oldest, done, mended = (int(record.get(name, least)) for name, least in _NUMBERS)
    return Standing(number, oldest, record.get("release", ""), done, mended)


_NUMBERS = (("number", 1), ("oldest", 1), ("done", 0), ("mended", 0))
#: The name of a ledger's function library (worker/ledger/library.py) says of which schema its processes are.
_LEDGER = re.compile(r"_ledger(\d*)_\w+$")


def refusal(ledger: Standing, libraries: Mapping[str, float], since: int) -> Refusal | None:
    """Return why this release may not work on a ledger, None where it may.

    `libraries` are the function libraries on record and when each was used last, ms; whoever has used one
    `since` then is at work.
    """
    if ledger.oldest > present():
        return Refusal(
            f"its ledger is of schema {ledger.number}, and this release knows {present()}: only processes of "
            f"schema {ledger.oldest} or newer may work on it",
            f"run identity-worker {ledger.release} or newer; this one runs on a copy from before the upgrade",
        )
    for step in STEPS:
        older = [] if step.number <= ledger.number else sorted(_older(libraries, step.oldest, since))
        if older:
            return Refusal(
                f"processes of schema {older[0]} work on its ledger, and must not once it becomes one of "
                f"{step.number}: {step.what}",
                "end all of the older release first, and start this one some minutes later",
            )
    return None


def _older(libraries: Mapping[str, float], oldest: int, since: int) -> Iterator[int]:
    """Yield the schemas, older than that, of processes that have used their functions of late."""
    for name, used_at in libraries.items():
        found = _LEDGER.search(name)
        if found and int(found[1] or 1) < oldest and used_at >= since:
            yield int(found[1] or 1)
