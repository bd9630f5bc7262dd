"""An action on one brief, by HTTP or on the page, done by the same operations as the commands."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import redis

from config.settings import Settings
from web.description.operation import LONGEST_WHY
from web.v1.problems import bad_request, conflict, invalid, not_found, over_credits
from worker.briefs.faults import BriefError, fault
from worker.callers import sent
from worker.callers.gate import Gate, OverCreditsError
from worker.callers.tokens import Caller
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, brief_subject
from worker.ledger.transition import Answer
from worker.lifecycle.charges import Journal, paid_text, take_apart
from worker.lifecycle.choosing import PickError
from worker.lifecycle.recovery import OperationRefusedError
from worker.operations import actions, picking, updating
from worker.operations.operator import Operator
from worker.piktid.client import PiktID
from worker.piktid.errors import ApiError
from worker.views import snapshots

Body = Mapping[str, Any]


class Case(NamedTuple):
    """A brief on which somebody acts, as it was read, and who acts."""

    operator: Operator
    brief: Record
    journal: Journal
    recorded: actions.Recorded


class Steering:
    """What one caller does to briefs; each method raises ProblemError and redis.RedisError.

    `client` is of the brief's shard, `first` of the one that counts what callers may spend; `by` is who it
    is, for the record.
    """

    def __init__(
        self,
        client: "redis.Redis",
        settings: Settings,
        caller: Caller,
        by: str = "",
        *,
        first: "redis.Redis",
    ) -> None:
        self._client, self._settings, self._caller = client, settings, caller
        self._by = by or f"{caller.name} by HTTP"
        self._ledger = Ledger(client, settings)
        self._count = Gate(self._ledger, caller, Ledger(first, settings)).count_choice

    def pick(self, brief_id: str, body: Body) -> dict[str, Any]:
        """Choose among a brief's drafts."""
        drafts, leave_rest = body.get("drafts"), body.get("leave_rest", False)
        again, instead_of = body.get("again", False), body.get("instead_of")
        if not picking.are_ids(drafts):
            rule = f"must be a list of at most {picking.MOST_PICKS} ids of drafts"
            raise invalid([fault(("drafts",), None, rule)])
        for name, said in (("leave_rest", leave_rest), ("again", again)):
            if type(said) is not bool:
                raise invalid([fault((name,), said, "must be true or false")])
        if again or instead_of is not None:
            return self._choose_again(brief_id, body, drafts, instead_of)
        if picking.is_on_record(self._ledger, brief_id, drafts):
            return {"brief_id": brief_id, "promoting": drafts}
        recorded = self._record("pick", brief_id, body, drafts=drafts)
        promoting = drafts
        with self._choosing(recorded, brief_id, lambda: picking.is_on_record(self._ledger, brief_id, drafts)):
            promoting = picking.pick(
                self._ledger, brief_id, drafts, leave_rest=leave_rest, counting=self._count
            )
        return {"brief_id": brief_id, "promoting": promoting}

    def _choose_again(
        self, brief_id: str, body: Body, drafts: list[int], instead_of: object
    ) -> dict[str, Any]:
        """Have a draft promoted that was not chosen, beside those that were or in place of one."""
        if len(drafts) != 1 or body.get("leave_rest", False):
            rule = "must be one draft where a choice is made again, without leave_rest"
            raise invalid([fault(("drafts",), None, rule)])
        if instead_of is not None and not picking.are_ids([instead_of]):
            raise invalid([fault(("instead_of",), instead_of, "must be the id of a draft")])
        other = cast("int | None", instead_of)
        recorded = self._record("choose again", brief_id, body, drafts=drafts, instead_of=other)

        def stands() -> bool:
            return picking.is_chosen_again(self._ledger, brief_id, drafts[0], other)

        with self._choosing(recorded, brief_id, stands):
            instead = None if other is None else picking.number_of(self._ledger, brief_id, other)
            picking.choose_again(
                self._ledger,
                brief_id,
                drafts[0],
                instead=instead,
                by=self._by,
                why=_why(body),
                counting=self._count,
            )
        return {"brief_id": brief_id, "promoting": drafts}

    @contextmanager
    def _choosing(
        self, recorded: actions.Recorded, brief_id: str, stands: Callable[[], bool]
    ) -> Iterator[None]:
        """Tell the caller of a refused choice, unless the choice stands on record by now."""
        try:
            with recorded.refused_by(picking.UnknownBriefError, OverCreditsError, PickError):
                yield
        except picking.UnknownBriefError as error:
            raise not_found(f"brief {brief_id}") from error
        except OverCreditsError as error:
            raise over_credits(error.told, sent.seconds_to_midnight(self._ledger.now())) from error
        except PickError as error:
            if not stands():
                raise conflict(str(error)) from error

    def retry(self, brief_id: str, body: Body) -> dict[str, Any]:
        """Bring back a brief that stopped."""

        def act(case: Case) -> str:
            return f"goes on at {case.operator.retry(case.brief, case.journal)}"

        return self._operate("retry", brief_id, body, act)

    def cancel(self, brief_id: str, body: Body) -> dict[str, Any]:
        """End a brief."""

        def act(case: Case) -> str:
            if case.operator.cancel(case.brief) is Answer.DUPLICATE:
                case.recorded.not_done()
                return "was said before"
            return "ends, at the latest when what is under way is over"

        return self._operate("cancel", brief_id, body, act)

    def resend(self, brief_id: str, body: Body) -> dict[str, Any]:
        """Make the paid call of a held brief again whose outcome nobody knows."""

        def act(case: Case) -> str:
            case.operator.resend(case.brief)
            return "goes on; the call in question is made again"

        return self._operate("resolve", brief_id, body, act, answer="resend")

    def give_up(self, brief_id: str, body: Body) -> dict[str, Any]:
        """Fail a held brief."""

        def act(case: Case) -> str:
            paid = paid_text(float(case.brief.get("credits_used") or 0), case.journal)
            case.operator.give_up(case.brief, paid)
            return "is given up"

        return self._operate("resolve", brief_id, body, act, answer="give up")

    def adopt(self, brief_id: str, body: Body, api: PiktID) -> dict[str, Any]:
        """Let a job be a held brief's, which the API is asked for first; raises ApiError."""
        job_id = str(body.get("job") or "")

        def act(case: Case) -> str:
            case.operator.adopt(case.brief, job_id, api)
            return f"has job {job_id} and goes on"

        return self._operate("resolve", brief_id, body, act, answer=f"adopt {job_id}")

    def update(self, brief_id: str, body: Body) -> dict[str, Any]:
        """Change a brief's metadata, batch or priority."""
        if not body.keys() & {"metadata", "batch", "priority"}:
            raise bad_request("name at least one of metadata, batch, priority")
        priority, ceiling = body.get("priority"), self._caller.priority
        if isinstance(priority, int) and priority > ceiling:
            rule = f"{self._caller.name} may ask for {ceiling} at most"
            raise invalid([fault(("priority",), priority, rule)])
        if not isinstance(body.get("metadata", {}), dict):
            raise invalid([fault(("metadata",), None, "must be an object")])
        # What is no answer to a question with two must not count as one of them.
        if not isinstance(body.get("merge", False), bool):
            raise invalid([fault(("merge",), body["merge"], "must be true or false")])
        if not isinstance(body.get("batch"), str | None):
            raise invalid([fault(("batch",), body["batch"], "must be a text, or null for no batch")])
        batch = (body["batch"] or "") if "batch" in body else None
        change = updating.Change(body.get("metadata"), batch, priority, merge=body.get("merge", False))
        recorded = self._record("update", brief_id, body)
        try:
            with recorded.refused_by(BriefError, updating.UnknownBriefError):
                changed = updating.update(self._ledger, brief_id, change, self._by, _why(body))
        except BriefError as bad:
            raise invalid(bad.faults) from bad
        except updating.UnknownBriefError as error:
            raise not_found(f"brief {brief_id}") from error
        if not changed:
            recorded.not_done()
        return {"brief_id": brief_id, "changed": changed}

    def _operate(
        self,
        what: str,
        brief_id: str,
        body: Body,
        act: Callable[[Case], str],
        **more: Any,
    ) -> dict[str, Any]:
        brief = self._ledger.read(brief_subject(brief_id))
        if brief is None:
            raise not_found(f"brief {brief_id} on record yet")
        recorded = self._record(what, brief_id, body, **more)
        operator = Operator(self._client, self._settings, self._by, _why(body))
        journal = take_apart(snapshots.journal(self._client, brief_id))
        try:
            with recorded.refused_by(OperationRefusedError, ApiError):
                said = act(Case(operator, brief, journal, recorded))
        except OperationRefusedError as error:
            raise conflict(str(error)) from error
        return {"brief_id": brief_id, "said": said}

    def _record(self, what: str, brief_id: str, body: Body, **more: Any) -> actions.Recorded:
        return actions.record(self._client, what, self._by, _why(body), brief=brief_id, **more)


def _why(body: Body) -> str | None:
    why = body.get("why")
    if why is not None and (not isinstance(why, str) or len(why) > LONGEST_WHY):
        raise invalid([fault(("why",), why, f"must be a text of at most {LONGEST_WHY} characters")])
    return why
