"""The catalogue of events for downstream: a model for each type, with when it is emitted and what it says.

Python emits a model and Lua takes its types from here, so that no type is spelt twice. The table of
`docs/events.md`, the JSON Schemas and `docs/asyncapi.yaml` are made of these models.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

_MODEL = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Common(BaseModel):
    """What the data of every event says of its brief."""

    model_config = _MODEL

    brief_id: str
    """The brief's id."""
    batch: str | None
    """Its batch, if it is in one."""
    account: str
    """The account that it is for."""
    metadata: dict[str, Any]
    """What its sender wants to find again, as it was sent."""


class Event(BaseModel):
    """An event: a subclass says its type, and its fields are the data beside those of `Common`."""

    model_config = _MODEL

    type: ClassVar[str]

    @property
    def data(self) -> Mapping[str, Any]:
        """The data as JSON values, without what was not said."""
        return self.model_dump(mode="json", exclude_unset=True)


class ToldFault(BaseModel):
    """A broken rule of a brief."""

    model_config = _MODEL

    path: str
    """The field, like `instructions[0].options.ar`; empty: the brief itself."""
    value: str | int | float | bool | None = None
    """What stood there, where it can be shown."""
    rule: str
    """What is allowed."""


class ToldDraft(BaseModel):
    """A draft that can be chosen."""

    model_config = _MODEL

    image_result_id: int
    """The API's id of the draft, by which `pick` chooses it."""
    url: str | None
    """Its picture; the API's link expires."""
    status: str | None
    """Its status, in the API's word."""
    image_index: int | None
    """Its number among all drafts of the job."""
    group_index: int | None
    """Its instruction, from 0."""


class BriefAccepted(Event):
    """The brief is on record and waits for permits."""

    type: ClassVar[str] = "identity.brief.accepted"

    instructions: int
    """How many faces it describes."""
    variations: int
    """How many drafts it asks for in all."""
    notes: Sequence[str]
    """What of it is done otherwise than its words say."""
    bought_before: Any = None
    """What was bought before for the same content under other ids."""
    replaces: str | None = None
    """The state of the brief whose place it takes."""


class BriefConflict(Event):
    """Another brief has its id; the common fields are those of the one that was refused."""

    type: ClassVar[str] = "identity.brief.conflict"

    state: str
    """The state of the other one."""
    differs: Sequence[str]
    """The fields in which they differ."""
    faults: Sequence[ToldFault] = ()
    """The rules that the refused one breaks."""


class BriefUpdated(Event):
    """Its metadata, batch or priority was changed on purpose."""

    type: ClassVar[str] = "identity.brief.updated"

    changed: Sequence[str]
    """The fields that were changed."""
    by: str
    """Who changed them."""


class DraftsReady(Event):
    """The drafts can be chosen from."""

    type: ClassVar[str] = "identity.drafts.ready"

    job_id: str | None
    """The API's job that made them."""
    choose: Sequence[str]
    """How the drafts of each instruction are chosen."""
    drafts: Sequence[ToldDraft]
    """Those that can be promoted."""


class AboutDraft(Event):
    """What is told of one chosen draft on its way to an identity."""

    promotion: str
    """The promotion's subject: `promotion:BRIEF#NUMBER`."""
    instruction: int
    """The instruction that it is for, from 0."""
    identity_code: str | None
    """The identity's code, once it has one."""
    image_result_id: int
    """The draft."""
    url: str | None
    """The draft's picture; the API's link expires."""


class Promoted(AboutDraft):
    """A draft is an identity; its preprocessing has begun."""

    type: ClassVar[str] = "identity.promoted"

    preprocessing_job_id: str | None = None
    """The API's job that prepares it, where the API names one."""


class PreprocessingCompleted(AboutDraft):
    """The identity can be used."""

    type: ClassVar[str] = "identity.preprocessing.completed"


class PromotionFailed(AboutDraft):
    """No draft of this choice could be promoted."""

    type: ClassVar[str] = "identity.promotion.failed"

    error: str
    """Why."""


class BriefDone(Event):
    """All its promotions are finished, and one at least made an identity."""

    type: ClassVar[str] = "identity.brief.done"

    promotions: Sequence[dict[str, Any]]
    """Each promotion: its last event's data, and its `state`."""


class BriefFailed(Event):
    """Nothing came of it."""

    type: ClassVar[str] = "identity.brief.failed"

    error: str | None = None
    """Why; not said where the promotions tell it."""
    blocked_term: str | None = None
    """The term that the API blocks."""
    faults: Sequence[ToldFault] = ()
    """The rules that it breaks, ours or the API's."""
    credits: float | None = None
    """What was paid for one that an operator gave up."""
    promotions: Sequence[dict[str, Any]] = ()
    """Each promotion: its last event's data, and its `state`."""


class BriefHeld(Event):
    """An operator is asked."""

    type: ClassVar[str] = "identity.brief.held"

    question: str
    """What is asked."""
    candidate_jobs: Sequence[dict[str, Any]] = ()
    """The jobs that may be the brief's, where the question is which."""


class BriefCancelled(Event):
    """An operator has ended it."""

    type: ClassVar[str] = "identity.brief.cancelled"

    error: str | None = None
    """Why."""
    credits: float | None = None
    """What was paid for it."""
    promotions: Sequence[dict[str, Any]] = ()
    """Each promotion: its last event's data, and its `state`."""


#: In the order in which a brief meets them.
CATALOGUE: dict[str, type[Event]] = {
    model.type: model
    for model in (
        BriefAccepted,
        BriefConflict,
        BriefUpdated,
        DraftsReady,
        Promoted,
        PreprocessingCompleted,
        PromotionFailed,
        BriefDone,
        BriefFailed,
        BriefHeld,
        BriefCancelled,
    )
}
#: The events that Lua emits by itself, by the name of the brief's new state or of its refusal.
BY_LUA: dict[str, type[Event]] = {
    "done": BriefDone,
    "failed": BriefFailed,
    "cancelled": BriefCancelled,
    "conflict": BriefConflict,
}
