"""Persons who steer briefs by HTTP while everything is broken: they choose, also again, retry, end briefs.

What they ask for is counted, and compared with what was done in the end: whatever is killed in between, no
word of theirs is obeyed twice.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from sandbox.common.chance import draws
from tests.chaos.invariants.invariants import Breach, Kind
from worker.views import snapshots
from worker.views.models import BriefView

#: Chances that a brief waits for somebody to choose, that somebody ends it, and that one more is chosen.
MANUAL, CANCELLED, AGAIN = 0.12, 0.06, 0.5
#: Seconds between two looks at what there is to do.
PAUSE = 0.4
#: Sends a request once: its method, path and body; the status and what was answered.
Ask = Callable[[str, str, Mapping[str, Any] | None], tuple[int, Any]]


def for_persons(seed: int, briefs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return briefs of which some wait for a person's choice; all else of the seed's plan stays as it is."""
    rng = draws(seed, "persons")
    return [
        {**each, "choose": "manual"} if rng.random() < MANUAL and each.get("instructions") else {**each}
        for each in briefs
    ]


class Persons:
    """Who steers, until it is over. A choice is said until it is answered; every other word once."""

    def __init__(self, ask: Ask, seed: int) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        """How often each was asked for of each brief, answered or not."""
        self.picked: dict[str, set[int]] = {}
        self.again: dict[str, int] = {}
        """The draft that was chosen again of each brief."""
        self.answered: set[str] = set()
        """The briefs of which that was answered with yes."""
        self._ask, self._seed = ask, seed
        self._over = threading.Event()

    def run(self) -> None:
        """Look for what there is to do, again and again."""
        while not self._over.wait(PAUSE):
            for turn in (self._choose, self._choose_again, self._retry, self._cancel):
                with suppress(httpx.HTTPError):
                    turn()

    def end(self) -> None:
        """Have it end."""
        self._over.set()

    def _choose(self) -> None:
        for brief in self._found("state:choosing"):
            firsts: dict[int, int] = {}
            for draft in brief["drafts"]:
                if draft["status"] == "completed":
                    firsts.setdefault(draft["image_index"], draft["image_result_id"])
            self.picked.setdefault(brief["brief_id"], set()).update(firsts.values())
            self._say("pick", brief, {"drafts": [*firsts.values()]})

    def _choose_again(self) -> None:
        for brief in self._found("state:promoting,done"):
            name, is_manual = brief["brief_id"], set(brief["choose"]) == {"manual"}
            if not is_manual or draws(self._seed, "again", name).random() >= AGAIN:
                continue
            made = {each["image_result_id"] for each in brief["promotions"]}
            ready = [each["image_result_id"] for each in brief["drafts"] if each["status"] == "completed"]
            free = [each for each in ready if each not in made]
            if name not in self.again and free:
                self.again[name] = free[0]
                self.picked.setdefault(name, set()).add(free[0])
            # A replica that has taken over may not know what was answered: so it is said again.
            if name in self.again and self.again[name] not in made:
                body = {"drafts": [self.again[name]], "again": True}
                if self._say("pick", brief, body, "choose again") == httpx.codes.OK:
                    self.answered.add(name)

    def _retry(self) -> None:
        for brief in self._found("state:failed"):
            if not brief["faults"] and not self.asked[brief["brief_id"], "retry"]:
                self._say("retry", brief, {"why": "chaos"})

    def _cancel(self) -> None:
        for brief in self._found("state:open"):
            is_meant = draws(self._seed, "cancel", brief["brief_id"]).random() < CANCELLED
            if is_meant and not self.asked[brief["brief_id"], "cancel"]:
                self._say("cancel", brief, {"why": "chaos"})

    def _found(self, filter_: str) -> list[dict[str, Any]]:
        status, told = self._ask("GET", f"/v1/briefs?limit=1000&filter={filter_}", None)
        found: list[dict[str, Any]] = told["briefs"] if status == httpx.codes.OK else []
        return found

    def _say(self, what: str, brief: Mapping[str, Any], body: Mapping[str, Any], word: str = "") -> int:
        self.asked[brief["brief_id"], word or what] += 1
        return self._ask("POST", f"/v1/briefs/{brief['brief_id']}/{what}", body)[0]

    def breaches(self, client: Any, briefs: Iterable[BriefView]) -> Iterator[Breach]:
        """Yield what was done more often than it was asked for, and what nobody has chosen."""
        for brief in briefs:
            journal = snapshots.journal(client, brief.brief_id)
            said = Counter(each["what"] for each in journal if each["call"] == "operator")
            for word in ("retry", "cancel", "choose again"):
                if said[word] > (times := self.asked[brief.brief_id, word]):
                    told = f"{word} was done {said[word]} times, and asked for {times} times"
                    yield Breach(Kind.HOOKS, brief.brief_id, told)
            if set(brief.choose) == {"manual"}:
                yield from _chosen(brief, self.picked.get(brief.brief_id, set()))
                more = {self.again[brief.brief_id]} if brief.brief_id in self.answered else set()
                if more - {each.image_result_id for each in brief.promotions}:
                    yield Breach(Kind.HOOKS, brief.brief_id, f"{more} was chosen again, and is not promoted")

    @property
    def figures(self) -> dict[str, int]:
        """How many of each were asked for."""
        return dict(Counter(what for (_, what), times in self.asked.items() if times))


def _chosen(brief: BriefView, picked: set[int]) -> Iterator[Breach]:
    made = [each.image_result_id for each in brief.promotions]
    if len(set(made)) != len(made) or not set(made) <= picked:
        yield Breach(Kind.HOOKS, brief.brief_id, f"{made} are promoted, {sorted(picked)} were chosen")


@contextmanager
def persons(ask: Ask, seed: int) -> Iterator[Persons]:
    """Have persons steer for the length of the block."""
    made = Persons(ask, seed)
    thread = threading.Thread(target=made.run, name="persons", daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.end()
        thread.join()
