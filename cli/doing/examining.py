"""What `doctor` tells of many accounts: not each check of each, of which there would be tens of thousands."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from worker.operations.doctor import Check, Health

#: Accounts of which each check is told.
FEW = 20
#: Checks of a kind that are told, of more accounts.
EXAMPLES = 5
_ALL = "mend these first; `identity-worker doctor --json` tells all"


def in_few(found: Iterable[Sequence[Check]], number: int) -> Iterator[Check]:
    """Yield the checks of so many accounts; of more than `FEW` the first to mend, and how many there are."""
    if number <= FEW:
        yield from chain.from_iterable(found)
        return
    accounts, told = 0, Counter[tuple[Health, str]]()
    for checks in found:
        wrong = [check for check in checks if check.health is not Health.OK]
        accounts += bool(wrong)
        for check in wrong:
            kind = check.health, check.name.partition(" ")[0]
            told[kind] += 1
            if told[kind] <= EXAMPLES:
                yield check
    for (health, name), many in told.items():
        if many > EXAMPLES:
            yield Check(name, health, f"and {many - EXAMPLES} more", _ALL)
    yield Check("accounts", Health.OK, f"of {number} {max(0, number - accounts)} need nothing")
