"""What the events for downstream consist of: faults, drafts, jobs, pictures, each as an event shows it."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """The base of all parts of events: nothing in them can be changed, and a misspelt field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Common(Part):
    """What the data of each event say of its brief."""

    brief_id: str = Field(description="the brief")
    batch: str | None = Field(description="its batch; null: none")
    account: str = Field(description="the account that it is for")
    metadata: dict[str, Any] = Field(description="the sender's own fields, as they came in")


class AccountCommon(Part):
    """What the data of each event say that is about an account and no brief: the same fields."""

    brief_id: None = Field(description="null: it is of no brief")
    batch: None = Field(description="null")
    account: str = Field(description="the account that it is about")
    metadata: dict[str, Any] = Field(description="none")


class EndpointCommon(Part):
    """What the data of each event say that is about an endpoint of webhooks: the same fields."""

    brief_id: None = Field(description="null: it is of no brief")
    batch: None = Field(description="null")
    account: None = Field(description="null")
    metadata: dict[str, Any] = Field(description="none")


class ToldFault(Part):
    """A rule that a brief breaks."""

    path: str = Field(description="the field, as `instructions[0].options.ar`; empty: the whole brief")
    value: str | int | float | bool | None = Field(
        None, description="what stood there; null or left out: nothing that could be shown"
    )
    rule: str = Field(description="what is allowed")


class ToldDraft(Part):
    """A draft that can be promoted."""

    image_result_id: int | None = Field(description="its id, for `identity-worker pick`")
    url: str | None = Field(description="its picture: a signed link that ends after some hours")
    status: str = Field(description="as the API calls it")
    image_index: int = Field(description="its instruction, from 0")
    group_index: int = Field(description="its variation of that, from 0")


class CandidateJob(Part):
    """A job that may be the brief's."""

    job_id: str = Field(description="for `identity-worker resolve --adopt`")
    job_type: str | None = Field(description="as the API calls it")
    drafts: Sequence[int] = Field(description="how many drafts each of its instructions has")
    created_at: int | None = Field(description="ms since 1970, by the clock of Redis")
    seen_at: int = Field(description="when an event first spoke of it, ms since 1970")


class Purchase(Part):
    """When the same body and photo were bought before."""

    brief_id: str = Field(description="as which brief")
    account: str = Field(description="for which account")
    bought_at: int = Field(description="ms since 1970")


class ArchivedPicture(Part):
    """A picture that lies in the archive."""

    image_result_id: int = Field(description="the draft")
    file: str = Field(description="its path below the place")
    sha256: str = Field(description="digest of its bytes")
    size: int = Field(description="its bytes")
    identity_code: str | None = Field(None, description="the identity that was made of it")
    metadata: str | None = Field(None, description="the path of what tells of that")


class GonePicture(Part):
    """A picture that can't be had any more."""

    image_result_id: int = Field(description="the draft")
    why: str = Field(description="why not")


class Outcome(Part):
    """How a promotion ended. One that was stopped before its promote names no draft."""

    state: Literal["ready", "failed", "cancelled"] = Field(description="where it ended")
    promotion: str = Field(description="its subject, `promotion:ID#N`")
    instruction: int | None = Field(None, description="its instruction, from 0")
    identity_code: str | None = Field(None, description="its identity, once promoted")
    image_result_id: int | None = Field(None, description="the draft that it was at")
    url: str | None = Field(None, description="the picture of that")
    error: str | None = Field(None, description="why it failed")
