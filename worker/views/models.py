"""Briefs and promotions as frozen values for readers, built from the records' text.

Times are ms since 1970 by the server's clock; `fields` are a record's, as Redis holds them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from worker.briefs.choices import BriefKind, Choose
from worker.ledger.arrivals import Bought, read_bought
from worker.ledger.kinds import PROMOTION_CREDITS, Kind, final

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stay:
    """A state that a brief or a promotion has left, in which it was for a second or more."""

    state: str
    since: int
    ms: int
    lacked: tuple[str, ...]
    """Of one in which it waited for permits what it lacked, as `why` tells it, or `turn`: others came first.

    As far as known: what the first in line lacked when it began to wait, and the pauses that came meanwhile.
    """


@dataclass(frozen=True, slots=True)
class PromotionView:
    """One promotion of a brief: the draft that it is at, and the identity once there is one."""

    subject: str
    instruction: int
    state: str
    identity_code: str | None
    preprocessing_job_id: str | None
    image_result_id: int | None
    url: str | None
    photo: str | None
    """Of an import: its portrait's path; it has no draft then."""
    error: str | None
    evidence: dict[str, Any] | None
    """As of a brief."""
    moved_at: int
    made_at: int | None = None
    """When its identity could be used; None before, or of before this was on record."""
    stays: tuple[Stay, ...] = ()
    """As of a brief."""

    @property
    def finished(self) -> bool:
        """Whether it is in a final state."""
        return final(Kind.PROMOTION, self.state)


#: The keys of attributes that are published under the names which their fields have in Redis.
_KEYS = {"previous_state": "left", "stop_requested": "wish", "stop_reason": "wish_why"}


@dataclass(frozen=True, slots=True)
class BriefView:
    """One brief as it stood at `read_at`."""

    brief_id: str
    account: str
    batch: str | None
    name: str | None
    kind: str
    """What it asks for: `identity`, `description` or `import`."""
    state: str
    job_id: str | None
    variations: int
    drafts: tuple[dict[str, Any], ...]
    """The drafts of its job, with the fields of `worker.piktid.answers.Draft`."""
    credits: float
    """Credits spent as far as known: what the job used, and 50 for each identity."""
    credits_of_drafts: float | None
    """What its job used, None until the API has said so."""
    promotions: tuple[PromotionView, ...]
    accepted_at: int
    moved_at: int
    read_at: int
    error: str | None
    faults: tuple[dict[str, Any], ...]
    """The rules that it breaks: `path`, `value`, `rule` of each."""
    notes: tuple[str, ...]
    previous_state: str | None
    """The state that it was in before."""
    evidence: dict[str, Any] | None
    """Of one that is held as a step of it could not be run: which, the error, the workers that died."""
    question: str | None
    """What an operator is asked while the brief is held."""
    candidate_jobs: tuple[dict[str, Any], ...]
    """Of one that is held for its job: jobs that may be it (`actors.resolution`)."""
    stop_requested: str | None
    """As what an operator has ended it, `cancelled` or `failed`, while something is still under way."""
    stop_reason: str | None
    """Who has, in words."""
    body: dict[str, Any] | None
    """The body of `POST /identity/create`; None of a brief that breaks rules."""
    priority: int | None
    """None of a brief that was accepted before it was on record."""
    metadata: dict[str, Any]
    bought_before: Bought | None
    """When the same was bought before it was accepted, as this brief or another."""
    earlier: tuple[dict[str, Any], ...]
    """Briefs whose place it has taken, the oldest first: `state`, `error`, some `faults`, when it came and
    ended (`accepted_at`, `ended_at`)."""
    choose: tuple[str, ...]
    """How to choose among the drafts of each instruction."""
    parked: bool
    """Whether the budget of its batch holds it, or a promotion of it, back."""
    made_at: int | None = None
    """When its drafts were there; None before, or of before this was on record."""
    judging: bool = False
    """Whether a rule has yet to look at its drafts."""
    decisions: tuple[dict[str, Any], ...] = ()
    """What rules that look at drafts have said (`worker.choosing.question.Decision`), an instruction each."""
    archived: dict[str, Any] | None = None
    """Which of its pictures lie in the archive (`worker.archive.records`); None: none."""
    stays: tuple[Stay, ...] = ()
    """Where it was for long, the oldest first; those of its promotions are theirs."""

    @property
    def waits_for_pick(self) -> bool:
        """Whether a person has to pick among its drafts."""
        return self.state == "choosing" and bool(self.to_pick)

    @property
    def may_be_picked(self) -> bool:
        """Whether a person may pick of any of its instructions, by their rules."""
        return any(rule not in (Choose.FIRST, Choose.ALL) for rule in self.choose)

    @property
    def to_pick(self) -> tuple[int, ...]:
        """The instructions whose drafts a person chooses from; those of a rule once it has given up."""
        left = {each["instruction"] for each in self.decisions if each.get("asks") is not None}
        manual = (
            number for number, rule in enumerate(self.choose) if rule == Choose.MANUAL or number in left
        )
        return () if self.judging else tuple(manual)

    @property
    def finished(self) -> bool:
        """Whether it is in a final state."""
        return final(Kind.BRIEF, self.state)

    @property
    def identity_codes(self) -> tuple[str, ...]:
        """The codes of the identities that are ready."""
        ready = (promotion for promotion in self.promotions if promotion.state == "ready")
        return tuple(promotion.identity_code for promotion in ready if promotion.identity_code)

    def facts(self) -> dict[str, Any]:
        """Return it for programs, under the keys that they know."""
        bought = None if self.bought_before is None else self.bought_before._asdict()
        return {published(name): value for name, value in asdict(self).items()} | {"bought_before": bought}


def published(name: str) -> str:
    """Return the key under which an attribute of a brief is told to programs."""
    return _KEYS.get(name, name)


def promotion_view(subject: str, fields: Fields) -> PromotionView:
    """Build the view of a promotion."""
    draft = json.loads(fields["candidates"])[int(fields["tried"])]
    return PromotionView(
        subject=subject,
        instruction=int(fields["instruction"]),
        state=fields["state"],
        identity_code=fields.get("identity_code"),
        preprocessing_job_id=fields.get("preprocessing_job_id"),
        image_result_id=draft["image_result_id"],
        url=draft["url"],
        photo=fields.get("photo"),
        # What an earlier attempt met stays on record, and is no error of what went well in the end.
        error=None if fields["state"] == "ready" else fields.get("error"),
        evidence=json.loads(fields.get("evidence", "null")),
        moved_at=int(fields["moved_at"]),
        made_at=_time(fields, "made_at"),
        stays=_stays(fields),
    )


def _stays(fields: Fields) -> tuple[Stay, ...]:
    """Return the stays that Lua has put on record (worker/ledger/lua/lib/stages.lua)."""
    texts = (text.split(" ") for text in fields.get("stays", "").split(";") if text)
    return tuple(
        Stay(state, int(since), int(ms), tuple(lacked.replace("-", " ").split(",")) if lacked else ())
        for state, since, ms, lacked in texts
    )


def _time(fields: Fields, name: str) -> int | None:
    return int(fields[name]) if name in fields else None


def brief_view(
    brief_id: str, fields: Fields, promotions: tuple[PromotionView, ...], now: int, *, parked: bool
) -> BriefView:
    """Build the view of a brief with its promotions, read at `now`."""
    used = fields.get("credits_used")
    finished = final(Kind.BRIEF, fields["state"])
    promoted = sum(each.identity_code is not None and each.photo is None for each in promotions)
    return BriefView(
        brief_id=brief_id,
        account=fields["account"],
        batch=fields.get("batch"),
        name=fields.get("name") or fields.get("job_name"),
        kind=fields.get("kind", BriefKind.IDENTITY),
        state=fields["state"],
        job_id=fields.get("job_id"),
        variations=int(fields.get("variations", "0")),
        drafts=tuple(json.loads(fields.get("drafts", "[]"))),
        credits=float(fields.get("credits_used", "0")) + PROMOTION_CREDITS * promoted,
        credits_of_drafts=None if used is None else float(used),
        promotions=promotions,
        accepted_at=int(fields["accepted_at"]),
        moved_at=int(fields["moved_at"]),
        read_at=now,
        error=None if fields["state"] == "done" else fields.get("error"),
        faults=tuple(json.loads(fields.get("faults", "[]"))),
        notes=tuple(json.loads(fields.get("notes", "[]"))),
        previous_state=fields.get("left"),
        evidence=json.loads(fields.get("evidence", "null")),
        question=fields.get("question"),
        candidate_jobs=tuple(json.loads(fields.get("candidate_jobs", "[]"))),
        stop_requested=None if finished else fields.get("wish"),
        stop_reason=None if finished else fields.get("wish_why"),
        body=json.loads(fields.get("body", "null")),
        priority=int(fields["priority"]) if "priority" in fields else None,
        metadata=json.loads("{" + fields.get("envelope", "") + "}").get("metadata", {}),
        bought_before=read_bought(fields.get("bought_before")),
        earlier=tuple(json.loads(fields.get("earlier", "[]"))),
        choose=tuple(json.loads(fields.get("choose", "[]"))),
        parked=parked,
        archived=json.loads(fields.get("archived", "null")),
        made_at=_time(fields, "made_at"),
        judging="judging" in fields,
        decisions=tuple(json.loads(fields.get("decisions", "[]"))),
        stays=_stays(fields),
    )
