"""The catalogue of events for downstream: a model for each type says when it is emitted, and what it tells.

Python emits a model; what Lua emits by itself is in `BY_LUA`, so that no type is spelt twice. The table of
`docs/events.md`, the JSON Schemas and `docs/asyncapi.yaml` are made of these models. Their fields are
described in `Field`: read from docstrings, they would make every command begin later.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, TypedDict

from pydantic import Field

from worker.ledger.kinds import BY_LUA
from worker.ledger.records import inside
from worker.ledger.told import (
    ArchivedPicture,
    CandidateJob,
    GonePicture,
    Outcome,
    Part,
    Purchase,
    ToldDraft,
    ToldFault,
)


class Event(Part):
    """What an event tells beside `Common`; what is not given is left out of its data."""

    type: ClassVar[str]

    @property
    def data(self) -> dict[str, Any]:
        """What it tells, as JSON has it: in the order of the fields, without those that were not given."""
        return self.model_dump(exclude_unset=True)

    def arguments(self) -> list[str]:
        """Return what the Lua commands are given of it: its type, and its data as the inside of an object."""
        return [self.type, inside(self.data)]


class AccountEvent(Event):
    """An event about an account; Lua emits it."""


class StreamStalled(AccountEvent):
    """An account's event stream is open but brings nothing, so only timers ask about its jobs."""

    type: ClassVar[str] = BY_LUA["stalled"]
    why: str = Field(description="for how long, and what may hold it back")


class TokenEnding(AccountEvent):
    """An account's token ends within 14 days; told once a day, until the account has another token."""

    type: ClassVar[str] = BY_LUA["token_ending"]
    token_ends: int = Field(description="when, in ms since 1970")


class HookPaused(Event):
    """A webhook's endpoint is paused, as it has taken nothing for days: it is sent nothing any more."""

    type: ClassVar[str] = BY_LUA["hook_paused"]
    endpoint: str = Field(description="its name")
    why: str = Field(description="why it did not take the last message")
    failing_since: int = Field(description="since when it takes none, ms since 1970")
    waiting: int = Field(description="the events that it is to be sent once it goes on")


class BriefAccepted(Event):
    """A brief is on record; it waits for permits, or its files are prepared."""

    type: ClassVar[str] = "identity.brief.accepted"
    instructions: int = Field(description="how many it has")
    variations: int = Field(description="drafts that it will buy")
    notes: Sequence[str] = Field(description="what is odd about it and no fault")
    kind: Literal["description", "import"] | None = Field(
        None, description="what it asks for; left out: drafts and identities"
    )
    bought_before: Purchase | None = Field(None, description="the same was bought before")
    replaces: Literal["failed", "cancelled"] | None = Field(
        None, description="the state of the brief whose place it has taken, which had cost nothing"
    )


class BriefConflict(Event):
    """A brief is refused, since another one has its id; the common fields are the refused brief's."""

    type: ClassVar[str] = BY_LUA["conflict"]
    state: str = Field(description="of the brief that is on record")
    differs: Sequence[str] = Field(description="the paths in which the two differ")
    faults: Sequence[ToldFault] | None = Field(None, description="the rules that the refused one breaks")


class BriefUpdated(Event):
    """A brief's metadata, batch or priority was changed; the common fields are as they are now."""

    type: ClassVar[str] = "identity.brief.updated"
    changed: Sequence[str] = Field(description="which of them")
    by: str = Field(description="who has changed it")


class BriefHeld(Event):
    """A question is put to an operator; the brief goes on once it is answered."""

    type: ClassVar[str] = "identity.brief.held"
    question: str = Field(description="what is asked, or what went wrong")
    candidate_jobs: Sequence[CandidateJob] | None = Field(
        None, description="where it asks which job is the brief's: those that may be"
    )


class DraftsReady(Event):
    """The drafts of a brief can be chosen from."""

    type: ClassVar[str] = "identity.drafts.ready"
    job_id: str | None = Field(description="the API's job that made them")
    choose: Sequence[str] = Field(description="how they are chosen, an instruction each, as in the brief")
    drafts: Sequence[ToldDraft] = Field(description="those that can be promoted")
    because: str | None = Field(None, description="told once more: why a rule leaves it to `manual`")


class DraftDetails(TypedDict):
    """The fields of `AboutDraft`, to be filled in once for all of its types."""

    promotion: str
    instruction: int
    identity_code: str | None
    image_result_id: int | None
    url: str | None


class AboutDraft(Event):
    """An event about a promotion: the draft that it is at, and its identity."""

    promotion: str = Field(description="its subject, `promotion:ID#N`")
    instruction: int = Field(description="its instruction, from 0")
    identity_code: str | None = Field(description="its identity; null: there is none yet")
    image_result_id: int | None = Field(description="the draft")
    url: str | None = Field(description="the draft's picture")


class Promoted(AboutDraft):
    """A draft has become an identity, which the API now prepares."""

    type: ClassVar[str] = "identity.promoted"
    preprocessing_job_id: str | None = Field(None, description="the API's job that prepares it")


class Imported(AboutDraft):
    """A portrait has become an identity, which the API now prepares; it has no draft and no link."""

    type: ClassVar[str] = "identity.imported"
    photo: str = Field(description="the portrait's path")


class PreprocessingCompleted(AboutDraft):
    """An identity is ready for use."""

    type: ClassVar[str] = "identity.preprocessing.completed"


class Archived(Event):
    """More of a brief is in the archive: first its drafts, then its identities' `metadata.json`."""

    type: ClassVar[str] = "identity.archived"
    place: str = Field(description="the folder or bucket")
    pictures: Sequence[ArchivedPicture] = Field(description="all that lie there")
    gone: Sequence[GonePicture] = Field(description="those that can't be had any more")


class PromotionFailed(AboutDraft):
    """None of the drafts that may be chosen for an instruction could be made an identity."""

    type: ClassVar[str] = "identity.promotion.failed"
    error: str = Field(description="why not")


class BriefDone(Event):
    """All promotions of a brief are finished, at least one as an identity; or its photo is described."""

    type: ClassVar[str] = BY_LUA["done"]
    promotions: Sequence[Outcome] = Field(description="each with its end; none where a photo is described")
    described: dict[str, Any] | None = Field(None, description="the body of a create that a photo gives")


class BriefFailed(Event):
    """A brief has ended without an identity."""

    type: ClassVar[str] = BY_LUA["failed"]
    error: str | None = Field(None, description="why, in words; left out where the promotions say it")
    blocked_term: str | None = Field(None, description="the word that the API does not allow")
    faults: Sequence[ToldFault] | None = Field(None, description="the rules that it breaks")
    credits: float | None = Field(None, description="what it cost, where an operator has given it up")
    promotions: Sequence[Outcome] | None = Field(None, description="each with its end, where there were any")


class BriefCancelled(Event):
    """An operator has ended a brief."""

    type: ClassVar[str] = BY_LUA["cancelled"]
    error: str | None = Field(None, description="who has ended it, and why")
    credits: float | None = Field(None, description="what it cost")
    promotions: Sequence[Outcome] | None = Field(None, description="each with its end, where there were any")


#: In the order in which a brief meets them.
CATALOGUE: dict[str, type[Event]] = {
    event.type: event
    for event in (
        BriefAccepted,
        BriefConflict,
        BriefUpdated,
        DraftsReady,
        Promoted,
        Imported,
        PreprocessingCompleted,
        Archived,
        PromotionFailed,
        BriefHeld,
        BriefDone,
        BriefFailed,
        BriefCancelled,
        StreamStalled,
        TokenEnding,
        HookPaused,
    )
}
