"""The fields that may stand beside the API's body in a brief: id, account, batch, priority, choice ..."""

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from config.accounts.names import ACCOUNT_NAME, ACCOUNT_NAME_RULE
from worker.briefs.body import ONE_LINE, Body, Part
from worker.briefs.choices import PLUGIN_RULE, BriefKind, Choose, OnNameTaken
from worker.briefs.names import MAX_NAME
from worker.briefs.sources import SOURCE_RULE, Source

MAX_METADATA_BYTES = 16 * 1024


def _rule(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(PLUGIN_RULE, value):
        return value
    return Choose(value)


def _choose(value: Any) -> str | tuple[str, ...]:
    return tuple(map(_rule, value)) if isinstance(value, list | tuple) else _rule(value)


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    size = len(json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_METADATA_BYTES:
        raise ValueError
    return metadata


_EACH = {
    "anyOf": [
        {"enum": [choose.value for choose in Choose]},
        {"type": "string", "pattern": f"^{PLUGIN_RULE}$"},
    ]
}
_CHOOSE_SCHEMA = {"anyOf": [_EACH, {"type": "array", "items": _EACH, "minItems": 1, "maxItems": 5}]}


#: What a brief may be called; a message whose id serves may be called otherwise.
BRIEF_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


#: https://www.w3.org/TR/trace-context/#traceparent-header, of the version that there is.
TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class _Beside(Part):
    """The fields that this worker reads beside the API's body."""

    brief_id: str | None = Field(
        default=None,
        pattern=f"^{BRIEF_ID.pattern}$",
        description="1 to 128 of A-Z a-z 0-9 . _ : -; the same id twice is one brief",
    )
    account: str | None = Field(
        default=None,
        pattern=f"^{ACCOUNT_NAME.pattern}$",
        description=f"{ACCOUNT_NAME_RULE}; the default account if omitted",
    )
    batch: str | None = Field(
        default=None,
        min_length=1,
        max_length=128,
        pattern=ONE_LINE,
        description="1 to 128 printable characters on one line",
    )
    priority: int = Field(
        default=0,
        ge=-100,
        le=100,
        strict=True,
        description="a whole number from -100 to 100, higher goes first; 0 if omitted",
    )
    choose: Annotated[str | tuple[str, ...], BeforeValidator(_choose), WithJsonSchema(_CHOOSE_SCHEMA)] = (
        Field(
            default=Choose.FIRST,
            description="first, all, manual, best or plugin:NAME, or a list with one of them for each "
            "instruction",
        )
    )
    metadata: Annotated[dict[str, Any], AfterValidator(_small)] = Field(
        default_factory=dict,
        description="an object of at most 16 KiB as JSON, passed on untouched to every event",
    )
    reference_image: Source | None = Field(
        default=None, description=f"{SOURCE_RULE}; a picture whose description becomes the one instruction"
    )
    kind: BriefKind = Field(
        default=BriefKind.IDENTITY,
        description="identity, description or import; identity if omitted; description has the "
        "reference_image described and buys no drafts, import makes an identity of it as it is",
    )
    tag: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_NAME,
        pattern=ONE_LINE,
        description=f"1 to {MAX_NAME} printable characters on one line; the tag of an imported identity",
    )
    keep_exif: bool = Field(
        default=False,
        strict=True,
        description="true or false; true uploads photos with all that they say of where and how they were "
        "taken, false turns them upright and removes it; false if omitted",
    )
    traceparent: str | None = Field(
        default=None,
        pattern=f"^{TRACEPARENT.pattern}$",
        description="a trace context of W3C, `00-TRACE-PARENT-FLAGS` in hexadecimal; its events carry it on, "
        "and the logs name the trace",
    )
    on_name_taken: OnNameTaken = Field(
        default=OnNameTaken.SUFFIX, description="suffix or fail; suffix if omitted"
    )


class Envelope(Body, _Beside):
    """A whole brief: the body of POST /identity/create with the worker's fields beside it."""
