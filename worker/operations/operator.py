"""An operator's commands on a brief: resolve, retry, cancel.

Each is one call on condition that the brief has not moved since it was read, so that of two operators,
or of one who says it twice, one is obeyed. Who said it stands in the journal.
"""

from typing import TYPE_CHECKING, Any, Literal

import redis

from config.settings import Settings
from worker.briefs.to_type import argument
from worker.ledger import commands
from worker.ledger.kinds import KINDS, Kind, final
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record
from worker.ledger.transition import Answer
from worker.lifecycle import choosing, record_fields, transitions
from worker.lifecycle.charges import Journal
from worker.lifecycle.recovery import (
    OperationRefusedError,
    asks_for_description,
    asks_for_job,
    way_back,
)
from worker.piktid.errors import NotFoundError

if TYPE_CHECKING:
    # It brings the HTTP client along, which most answers do without.
    from worker.piktid.client import PiktID


_ASKING = "; `identity-worker status --held` lists what asks"


class Operator:
    """The operator's commands; the journal names who gave them.

    All raise OperationRefusedError and redis.RedisError. What is part of an `order` (worker/orders) is done
    if it is left of that.
    """

    def __init__(
        self,
        client: "redis.Redis",
        settings: Settings,
        by: str,
        why: str | None = None,
        order: str | None = None,
    ) -> None:
        self.ledger = Ledger(client, settings)
        self._by = by
        self._why = why
        self._order = order

    def adopt(self, brief: Record, job_id: str, api: "PiktID") -> Answer:
        """Adopt a job for the brief, once the API has confirmed that it is one that creates identities."""
        if not asks_for_job(brief):
            raise OperationRefusedError(
                f"brief {brief.brief_id} is {_where(brief)}: it is not looking for its job{_ASKING}"
            )
        _check_job(api, job_id, KINDS[brief.kind].job_type)
        answer = self.ledger.apply(brief, transitions.adopted(brief, job_id, by=self._by))
        return self._checked(brief, answer, f"or job {job_id} is another brief's")

    def resend(self, brief: Record) -> Answer:
        """Make the paid call of unknown outcome again: the create, or the description."""
        if asks_for_job(brief):
            to = "waiting"
        elif asks_for_description(brief):
            to = "preparing"
        else:
            raise OperationRefusedError(
                f"brief {brief.brief_id} is {_where(brief)}: no paid call of it is in question{_ASKING}"
            )
        if brief.get("wish") is not None:
            raise OperationRefusedError(
                f"brief {brief.brief_id} is to end ({brief.get('wish_why')}): it does once the job of its "
                "create is found, or must be over"
            )
        journal = self._word(brief, "resend", back_to=to)
        answer = self.ledger.apply(brief, transitions.sent_again(brief, to, journal))
        return self._checked(brief, answer)

    def give_up(self, brief: Record, paid: str) -> Answer:
        """Fail a brief that waits for an answer; its event tells what was `paid`."""
        if brief.state not in ("held", "uncertain"):
            raise OperationRefusedError(
                f"brief {brief.brief_id} is {_where(brief)}: only one that is held can be given up{_ASKING}"
            )
        return self._stop(brief, "failed", f"given up by {self._by}; paid so far: {paid}")

    def cancel(self, brief: Record) -> Answer:
        """End a brief: at once, or when what is under way is over. DUPLICATE when that was said before."""
        if final(Kind.BRIEF, brief.state) and brief.state != "cancelled":
            told = f"brief {brief.brief_id} is {brief.state}: there is nothing left to cancel"
            raise OperationRefusedError(
                f"{told}; `identity-worker status {argument(brief.brief_id)}` tells what came of it"
            )
        because = f": {self._why}" if self._why else ""
        return self._stop(brief, "cancelled", f"cancelled by {self._by}{because}")

    def retry(self, brief: Record, journal: Journal) -> str:
        """Bring a brief back to where it stopped, never paying again; return the state that it goes to."""
        moves = way_back(brief, self.ledger.promotions(brief), journal)
        chosen = None
        if moves[0].transition.to == "choosing":
            chosen = choosing.choose(record_fields.rules_of(brief), record_fields.drafts_of(brief))
        answer = self.ledger.functions.run(
            commands.retry(
                brief.brief_id,
                when=brief.same_stay,
                moves=moves,
                promotions=[each.fields() for each in chosen] if chosen else None,
                journal=self._word(brief, "retry", **{"from": brief.state}),
            ).given(order=self._order)
        )
        self._checked(brief, answer)
        return moves[0].transition.to

    def _stop(self, brief: Record, to: Literal["cancelled", "failed"], why: str) -> Answer:
        answer = self.ledger.functions.run(
            commands.stop(
                brief.brief_id,
                to=to,
                why=why,
                # A cancel holds in whatever state the brief is by now, but not for one in its place.
                when=brief.same_stay if to == "failed" else brief.same_brief,
                journal=self._word(brief, "cancel" if to == "cancelled" else "give up"),
            ).given(order=self._order)
        )
        return self._checked(brief, answer)

    def _word(self, brief: Record, word: str, **details: Any) -> dict[str, Any]:
        why = {"why": self._why} if self._why else {}
        return {"call": "operator", "subject": brief.subject, "what": word, "by": self._by, **why, **details}

    def _checked(self, brief: Record, answer: Answer, otherwise: str = "") -> Answer:
        if answer is Answer.CONFLICT:
            why = " ".join(["has moved meanwhile", otherwise]).strip()
            raise OperationRefusedError(f"brief {brief.brief_id} {why}; see `status {brief.brief_id}`")
        return answer


def _where(brief: Record) -> str:
    question = "" if brief.state != "held" else f": {brief.get('question')}"
    return brief.state + question


def _check_job(api: "PiktID", job_id: str, wanted: str | None) -> None:
    """Raise OperationRefusedError unless the API knows the job as one of the type that is wanted.

    Or an ApiError.
    """
    try:
        job_type = api.job_status(job_id).job_type or api.job_results(job_id).job_type
    except NotFoundError as error:
        raise OperationRefusedError(f"the API does not know job {job_id}: {error}") from error
    if job_type != wanted:
        told = f"job {job_id} is no {wanted} job: the API calls it {job_type or 'nothing'}"
        raise OperationRefusedError(told)
