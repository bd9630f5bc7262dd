"""Lets a rule choose again among exported drafts, beside what was chosen then: offline, and for nothing."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from worker.choosing.judging import judge
from worker.choosing.question import Decision
from worker.places.target import Target
from worker.replay.choices import Past, choices
from worker.replay.exported import Passed


@dataclass(frozen=True, slots=True)
class Compared:
    """A choice that was made, and what the rule would choose; None where it was not asked."""

    past: Past
    decision: Decision | None

    @property
    def would(self) -> int | None:
        """The draft that the rule would have promoted; None: it asks a person, or was not asked."""
        return self.decision.ranked[0] if self.decision is not None and self.decision.ranked else None

    @property
    def agrees(self) -> bool | None:
        """Whether it was chosen then; None where there is nothing to compare."""
        return None if self.would is None else self.would in self.past.chosen

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        past = self.past
        return {
            "brief_id": past.brief_id,
            "batch": past.batch,
            "instruction": past.instruction,
            "rule": past.rule,
            "chosen": list(past.chosen),
            "would_choose": self.would,
            "agrees": self.agrees,
            "not_compared": past.fault or None,
            "missing": {str(draft): why for draft, why in past.missing.items()},
            "decision": None if self.decision is None else self.decision.as_json(),
        }


def replay(target: Target, rule: str, seconds: float, passed: Passed) -> Iterator[Compared]:
    """Yield for each choice what the rule would choose; raises TargetError.

    `passed` hears of files that tell of no choice. As many choosers run at once as there are processors, each
    for at most so many seconds.
    """
    at_once = os.cpu_count() or 1
    past = choices(target, rule, passed)
    with ThreadPoolExecutor(at_once, "chooser") as threads:
        while page := list(islice(past, at_once)):
            yield from threads.map(lambda each: _compared(each, seconds), page)


def _compared(past: Past, seconds: float) -> Compared:
    decision = None if past.question is None else judge(past.question, seconds)
    return Compared(replace(past, question=None), decision)  # without the pictures
