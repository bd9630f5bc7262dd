"""Takes briefs: checks each, tells what becomes of it by what is on record, and enqueues the new ones.

The outcomes are those of the queue: accepted, same, replaced, conflict; and invalid. The worker decides in
the end, as it does for whatever comes by the queue.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import redis

from actors.broker.broker import Broker
from config.accounts.names import DEFAULT
from config.settings import Settings
from config.times import redis_ms
from web.v1.problems import ProblemError, conflict, invalid, over_credits
from worker.briefs import equality
from worker.briefs.brief import Brief
from worker.briefs.faults import BriefError, fault
from worker.callers import sent
from worker.callers.gate import Gate, OverCreditsError, TakenError
from worker.callers.tokens import Caller
from worker.forecast.batch_plan import Wanted, plans
from worker.ledger.arrivals import Arrived, Outcome
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance, first_record
from worker.shards.ledgers import Ledgers
from worker.shards.merged import clients_of, home_of
from worker.store.replicas import caught_up

#: Briefs that are looked up, and enqueued, in one call.
AT_ONCE = 100
#: What an outcome is answered as.
STATUS = {
    Outcome.ACCEPTED: HTTPStatus.ACCEPTED,
    Outcome.REPLACED: HTTPStatus.ACCEPTED,
    Outcome.SAME: HTTPStatus.OK,
}


@dataclass
class Item:
    """One brief of a request, and what becomes of it."""

    brief_id: str | None = None
    brief: Brief | None = None
    text: str = ""
    """What is enqueued, as JSON."""
    outcome: Outcome | None = None
    """None of what is a problem."""
    problem: ProblemError | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status of the answer if this brief were sent alone."""
        if self.problem is not None or self.outcome is None:
            return HTTPStatus.INTERNAL_SERVER_ERROR if self.problem is None else self.problem.status
        return STATUS[self.outcome]

    def told(self) -> dict[str, Any]:
        """Return what the caller is told of it."""
        told: dict[str, Any] = {"brief_id": self.brief_id, "status": self.status.value}
        if self.problem is not None:
            return told | {"problem": self.problem.body}
        return told | {
            "outcome": self.outcome,
            "location": f"/v1/briefs/{self.brief_id}",
            "notes": self.notes,
        }


class Intake:
    """Takes the briefs of one caller; `client` reads all shards, `broker_of` has the queue of an account."""

    def __init__(
        self,
        client: "redis.Redis",
        broker_of: Callable[[str], Broker],
        settings: Settings,
        accounts: Mapping[str, acceptance.HasLimits],
        caller: Caller,
    ) -> None:
        self._client, self._broker_of, self._settings = client, broker_of, settings
        self._accounts, self._caller = accounts, caller
        self._ledgers = Ledgers(client, settings)
        first = Ledger(clients_of(client)[0], settings)
        self._gate = Gate(Ledger(client, settings), caller, first)

    def take(self, raw: Sequence[Any], key: str | None = None) -> list[Item]:
        """Enqueue the briefs that are new, in their order; `key` is the id of a single one.

        Raises redis.RedisError: whoever sends the same again has each brief once.
        """
        items = self.look_at(raw, key)
        for first in range(0, len(items), AT_ONCE):
            self._send(items[first : first + AT_ONCE])
        return items

    def look_at(self, raw: Sequence[Any], key: str | None = None) -> list[Item]:
        """Return what would become of briefs; nothing is sent."""
        items = [self._checked(each, key) for each in raw]
        self._tell_repeated(items)
        good = [item for item in items if item.problem is None]
        for first in range(0, len(good), AT_ONCE):
            self._compare(good[first : first + AT_ONCE])
        return items

    def plan(self, raw: Sequence[Any]) -> tuple[list[Item], list[Any]]:
        """Return what would become of briefs, and what the new ones would take of each account."""
        items = self.look_at(raw)
        self._tell_too_much(items)
        wanted: dict[str, Wanted] = {}
        for brief in (item.brief for item in items if item.outcome in (Outcome.ACCEPTED, Outcome.REPLACED)):
            if brief is not None:
                its = wanted.setdefault(brief.account or DEFAULT, Wanted())
                its.slots.append(brief.slots())
                its.promotions += brief.promotions
                its.drafts += brief.total_variations
                its.descriptions += int(brief.is_described)
        return items, plans(self._client, self._settings, wanted)

    def _tell_too_much(self, items: Sequence[Item]) -> None:
        """Tell of each new brief, in their order, whether the caller has credits for it; none is counted."""
        planned: dict[str, float] = {}
        for item in items:
            if item.brief is None or item.brief_id is None or item.brief_id in planned:
                continue
            if item.outcome not in (Outcome.ACCEPTED, Outcome.REPLACED):
                continue
            try:
                more = self._gate.look(item.brief, item.brief_id, item.outcome, sum(planned.values()))
            except OverCreditsError as error:
                item.outcome, item.problem = None, self._too_much(error.told)
            else:
                planned[item.brief_id] = more

    def _checked(self, raw: Any, key: str | None) -> Item:
        item = Item(key if key is not None else _id_of(raw))
        try:
            said = _said(raw, key)
            item.brief = acceptance.check(said, self._accounts, self._settings)
            self._gate.check(item.brief)
            item.brief_id = said["brief_id"] = item.brief.brief_id or self._made_id(item.brief)
            item.text, item.notes = json.dumps(said, ensure_ascii=False), item.brief.notes
        except BriefError as bad:
            item.problem = invalid(bad.faults)
        return item

    def _made_id(self, brief: Brief) -> str:
        made = equality.made_id(brief)
        # Two callers may send the same brief, and neither may see what is the other's.
        return made if self._caller.sees_all else f"{self._caller.name}:{made}"

    def _tell_repeated(self, items: Sequence[Item]) -> None:
        met: dict[str, str] = {}
        for item in items:
            if item.problem is None and item.brief_id is not None:
                before = met.setdefault(item.brief_id, item.text)
                if before != item.text:
                    rule = "is the id of another brief of this request"
                    item.problem = invalid([fault(("brief_id",), item.brief_id, rule)])

    def _compare(self, items: Sequence[Item]) -> None:
        arrivals = [first_record.arrival(item.brief, item.brief_id or "", "") for item in items if item.brief]
        ids = [item.brief_id or "" for item in items]
        ours, taken = sent.has_sent(self._client, self._caller, ids), self._gate.taken(ids)
        compared = self._ledgers.compare(arrivals)
        for item, arrived, is_ours, is_taken in zip(items, compared, ours, taken, strict=True):
            is_there = arrived.outcome is not Outcome.ACCEPTED or is_taken
            self._judge(item, arrived, is_anothers=is_there and not is_ours and not self._caller.sees_all)

    def _judge(self, item: Item, arrived: Arrived, *, is_anothers: bool) -> None:
        if is_anothers:
            item.problem = _anothers(item)
        elif arrived.outcome is Outcome.CONFLICT:
            told = acceptance.Accepted(item.brief_id or "", arrived, [])
            item.problem = conflict(told.conflict())
        else:
            item.outcome = arrived.outcome

    def _send(self, items: Sequence[Item]) -> None:
        new = [item for item in items if item.outcome in (Outcome.ACCEPTED, Outcome.REPLACED)]
        # For callers who see all, it does not matter who has sent what.
        sender = None if self._caller.sees_all else self._caller.name
        texts: defaultdict[Broker, list[str]] = defaultdict(list)
        others = [] if self._caller.sees_all or not new else self._gate.others
        for item in new:
            if item.brief is not None and self._count_in(item, others):
                texts[self._broker_of(item.brief.account or DEFAULT)].append(item.text)
        for broker, its in texts.items():
            broker.enqueue_briefs(its, self._settings.replicas, sender)
        self._confirm([item for item in items if item.outcome is Outcome.SAME])

    def _confirm(self, there: Sequence[Item]) -> None:
        """Wait until replicas have what is on record: whoever sent it may not have waited for them."""
        names = {item.brief.account or DEFAULT for item in there if item.brief is not None}
        for client in {home_of(self._client, name) for name in names}:
            caught_up(client, self._settings.replicas)

    def _count_in(self, item: Item, others: Sequence[str]) -> bool:
        """Put a brief on record as the caller's; what is over its credits of the day is a problem."""
        if item.brief is None or item.brief_id is None:
            return False
        try:
            self._gate.count_in(item.brief, item.brief_id, item.outcome, others)
        except TakenError:
            item.outcome, item.problem = None, _anothers(item)
            return False
        except OverCreditsError as error:
            item.outcome, item.problem = None, self._too_much(error.told)
            return False
        return True

    def _too_much(self, told: str) -> ProblemError:
        return over_credits(told, sent.seconds_to_midnight(redis_ms(self._client.time())))


def _anothers(item: Item) -> ProblemError:
    return conflict(f"another brief has the id {item.brief_id}")


def _said(raw: Any, key: str | None) -> dict[str, Any]:
    """Return what a brief says, with its id by `Idempotency-Key`. Raises BriefError."""
    if not isinstance(raw, dict):
        raise BriefError([fault((), raw, "a brief is one JSON object")])
    said = {name: value for name, value in raw.items() if name != "brief_id" or value is not None}
    if key is not None and said.setdefault("brief_id", key) != key:
        raise BriefError([fault(("brief_id",), said["brief_id"], f"differs from Idempotency-Key, {key}")])
    return said


def _id_of(raw: Any) -> str | None:
    told = raw.get("brief_id") if isinstance(raw, dict) else None
    return told if isinstance(told, str) else None
