"""How far the briefs are that a filter means, without reading their records again and again.

Where the ledger counts what is meant (by account and batch), the counts tell. Else the briefs are found once,
and those of which events tell are read again.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple, Protocol

import redis

from config import keys
from worker.ledger.kinds import JUDGING, Kind, final
from worker.ledger.records import brief_subject
from worker.selection.filter import Filter
from worker.selection.selecting import select
from worker.views.counts import counts

#: The states in which only a person goes on: an answer is wanted, or a choice.
FOR_PERSON = ("held", "choosing")
#: Records that are read at once.
PAGE = 500
#: Messages of the inlet that are remembered as having been there: the newest ones are taken last.
REMEMBERED = 1_000


class Progress(NamedTuple):
    """How many of those meant are in which state."""

    states: Counter[str]
    judged: int = 0
    """How many of those that are choosing wait for no person, but for a rule that looks at their drafts."""

    @property
    def total(self) -> int:
        """How many are meant."""
        return sum(self.states.values())

    @property
    def finished(self) -> int:
        """How many have ended, well or not."""
        return sum(number for state, number in self.states.items() if final(Kind.BRIEF, state))

    @property
    def lost(self) -> int:
        """How many have failed or were cancelled."""
        return self.states["failed"] + self.states["cancelled"]

    @property
    def for_person(self) -> int:
        """How many nothing will happen to before a person has decided."""
        return sum(self.states[state] for state in FOR_PERSON) - self.judged

    @property
    def under_way(self) -> int:
        """How many go on by themselves."""
        return self.total - self.finished - self.for_person


class Follower(Protocol):
    """Tells how far the briefs are that are meant."""

    def look(self, told_of: Iterable[str] | None) -> Progress:
        """Return how far they are; `told_of` are the briefs of which events have told since the last look.

        None: look at all, since it is not known of which.
        """


def follower(client: "redis.Redis", wanted: Filter) -> Follower:
    """Return what follows the briefs that are meant: of a filter with a state those that are in it now."""
    return _Counted(client, wanted) if grows(wanted) and counts(client).are_whole else _Each(client, wanted)


def grows(wanted: Filter) -> bool:
    """Return whether a filter also means what comes on record later: one by account and batch alone."""
    return not wanted.state and wanted.is_counted and (wanted.limit, wanted.after) == (None, None)


class _Counted:
    """Follows by the ledger's counts: what comes while one waits is meant as well."""

    def __init__(self, client: "redis.Redis", wanted: Filter) -> None:
        self._client, self._wanted = client, replace(wanted, state=())

    def look(self, told_of: Iterable[str] | None) -> Progress:  # noqa: ARG002  # the counts know of all
        states: Counter[str] = Counter()
        judged = 0
        for where, number in counts(self._client).of.items():
            if self._wanted.counts(where):
                states[where.state] += number
                judged += number if where.cause == JUDGING else 0
        return Progress(states, judged)


class _Each:
    """Follows briefs that were found once; their ids alone are in memory."""

    def __init__(self, client: "redis.Redis", wanted: Filter) -> None:
        self._client = client
        found = (each.brief for each in select(client, wanted))
        self._states = {brief.brief_id: (brief.state, brief.judging) for brief in found}

    def look(self, told_of: Iterable[str] | None) -> Progress:
        again = self._states if told_of is None else self._states.keys() & set(told_of)
        still_open = (each for each in again if not final(Kind.BRIEF, self._states[each][0]))
        while page := list(islice(still_open, PAGE)):
            for brief_id, (state, mark) in zip(page, _states(self._client, page), strict=True):
                self._states[brief_id] = (state or "cancelled", mark is not None)  # taken off by hand
        stand = Counter(self._states.values())
        states: Counter[str] = Counter()
        for (state, _), number in stand.items():
            states[state] += number
        return Progress(states, stand["choosing", True])


def _states(client: "redis.Redis", brief_ids: Sequence[str]) -> list[list[str | None]]:
    """Return of each brief its state, and the mark that a rule has yet to look at its drafts."""
    with client.pipeline(transaction=False) as pipe:
        for brief_id in brief_ids:
            pipe.hmget(keys.RECORD(brief_subject(brief_id)), "state", "judging")
        return pipe.execute()


class Queued:
    """The messages that were in the inlet at first: briefs that are not on record yet."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        messages = keys.MESSAGES(keys.INLET)
        few = client.hlen(messages) <= REMEMBERED
        ids: Any = client.hkeys(messages) if few else client.lrange(keys.QUEUE(keys.INLET), -REMEMBERED, -1)
        self._ids: list[str] = ids

    def number(self) -> int:
        """Return how many of them no worker has put on record yet, of very many the newest."""
        if self._ids:
            found: Any = self._client.hmget(keys.MESSAGES(keys.INLET), self._ids)
            self._ids = [each for each, message in zip(self._ids, found, strict=True) if message is not None]
        return len(self._ids)
