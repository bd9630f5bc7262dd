"""The body of `POST /identity/create`: its objects, and what each of their fields may hold.

A field of the body is declared here and nowhere else: it is checked, sent and compared, and stands in the
JSON Schema, as its class says. One that is added is optional, with a default of None: it is then no part of
briefs that do not give it, which stay the same briefs as before (worker/briefs/equality.py).

Names, limits and defaults are the guide's (Building a brief, Submitting a creation job, Limits and
validation). A field's description says what is allowed. It serves the JSON Schema and is the
rule that a fault quotes, so the validators raise errors without a text.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from worker.briefs.names import MAX_NAME
from worker.briefs.sources import SOURCE_RULE, Source

#: The guide's engines, and the one that the vendor's newer client offers as well (piktid-v2.md 6.26).
MODELS = ("auto", "nano_banana_pro", "nano_banana_2", "seedream", "orbita")
Size = Literal["1K", "2K", "4K"]
Ratio = Literal["1:1", "2:3", "3:4", "4:5", "5:4", "3:2", "4:3", "9:16", "16:9", "21:9"]
Format = Literal["jpg", "png"]
#: For texts that stand in tables and logs: no control characters, line separators or bidirectional overrides.
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"

#: Accepted by the API for forward compatibility; their values do nothing.
IGNORED_GROUPS = ("outfit", "style", "scene", "camera")


def is_blank(value: object) -> bool:
    """Tell whether `value` is null or text of nothing but spaces, which counts as not given."""
    return value is None or (isinstance(value, str) and not value.strip())


def none_if_blank(value: object) -> object:
    """Return `value`, or None where it is blank."""
    return None if is_blank(value) else value


def _text_or_number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise ValueError  # noqa: TRY004  # pydantic gathers ValueErrors; a TypeError would escape from it
    return none_if_blank(value)


# These two run at import alone, where no mutant of mutmut is alive yet.
def _one_of(allowed: object) -> str:
    return "one of " + ", ".join(get_args(allowed))  # pragma: no mutate


def _object_of(part: type[BaseModel]) -> str:
    return "an object of " + ", ".join(part.model_fields)  # pragma: no mutate


def _allow_null(schema: dict[str, Any]) -> None:
    for name, field in schema["properties"].items():
        # A field whose default is null says so already.
        if name not in schema.get("required", ()) and field.get("default", ...) is not None:
            schema["properties"][name] = {"anyOf": [field, {"type": "null"}]}


class Part(BaseModel):
    """The base of all objects of a brief: unknown names are refused, and null means not given."""

    @staticmethod
    def _sent(value: Any) -> Any:
        """Return a value as the API is sent it; None where there is nothing to send."""
        if isinstance(value, Part):
            return value.body() or None
        if isinstance(value, tuple):
            return [each.body() if isinstance(each, Part) else each for each in value] or None
        return value if value != {} else None

    def body(self) -> dict[str, Any]:
        """Return the fields that hold something, as the API is sent them."""
        given = ((name, getattr(self, name)) for name in self._body_fields())
        # Most fields are left out of most bodies.
        sent = {name: self._sent(value) for name, value in given if value is not None}
        return {name: value for name, value in sent.items() if value is not None}

    @classmethod
    def _body_fields(cls) -> Iterable[str]:
        return cls.model_fields

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_allow_null)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        # An unknown name stays, so that it is refused whatever it holds.
        return {
            name: value for name, value in given.items() if value is not None or name not in cls.model_fields
        }


# The guide gives no types (its samples show text, and an integer for age), so numbers pass as they came.
Trait = Annotated[
    str | int | float | None,
    BeforeValidator(_text_or_number),
    WithJsonSchema({"type": ["string", "number", "null"]}),
    Field(description="text or a number; blank or null counts as not given"),
]


class Group(Part):
    """One group of traits of a face."""


class Appearance(Group):
    """The person as a whole."""

    gender: Trait = None
    age: Trait = None
    ethnicity: Trait = None
    skin: Trait = None
    build: Trait = None
    size: Trait = None
    height: Trait = None
    expression: Trait = None


class Face(Group):
    """The features of the face."""

    eyes: Trait = None
    eyebrows: Trait = None
    nose: Trait = None
    lips: Trait = None
    smile: Trait = None
    face_shape: Trait = None
    facial_hair: Trait = None
    makeup: Trait = None
    marks: Trait = None


class Hair(Group):
    """The hair of the head."""

    color: Trait = None
    length: Trait = None
    style: Trait = None


class Asset(Part):
    """A reference image: uploaded before, or a file to upload first. One of the two fields is needed."""

    file_id: str | None = Field(
        default=None, pattern=r"\S", description="text that is not blank: the id that the upload gave"
    )
    file: Source | None = Field(default=None, description=SOURCE_RULE)


class InstructionOptions(Part):
    """How the drafts of one instruction are made."""

    size: Size = Field(default="2K", description=_one_of(Size) + "; 2K if omitted; orbita: 1K only")
    ar: Ratio = Field(
        default="3:4", description=_one_of(Ratio) + "; 3:4 if omitted; orbita: not 4:5, 5:4, 21:9"
    )
    format: Format = Field(default="jpg", description=_one_of(Format) + "; jpg if omitted")


class JobOptions(Part):
    """What applies to every instruction of the job."""

    # The vendor's list grows, so what is not on it here is for the API to decide.
    model: str = Field(
        default="auto",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description=f"{', '.join(MODELS)}, or another engine's name of 1 to 64 of A-Z a-z 0-9 . _ -; "
        "auto if omitted",
    )
    add_ai_watermark: bool = Field(
        default=False,
        strict=True,
        description="true or false; true marks every picture for good (Enterprise only, ignored elsewhere)",
    )


Ignored = Annotated[
    dict[str, Any] | None, Field(description="an object; accepted, but the API ignores its values")
]


class Instruction(Part):
    """One face: needs a non-empty prompt, or at least one filled field of appearance, face or hair."""

    appearance: Appearance = Field(default_factory=Appearance, description=_object_of(Appearance))
    face: Face = Field(default_factory=Face, description=_object_of(Face))
    hair: Hair = Field(default_factory=Hair, description=_object_of(Hair))
    prompt: Annotated[str | None, BeforeValidator(none_if_blank)] = Field(
        default=None, description="text, sent verbatim; where given, it alone drives the drafts"
    )
    input_assets: tuple[Asset, ...] = Field(
        default=(),
        max_length=3,
        description='at most 3 objects {"file_id": "…"} or {"file": "…"}; none with orbita',
    )
    num_variations: int = Field(
        default=1, ge=1, le=8, strict=True, description="a whole number of drafts from 1 to 8; 1 if omitted"
    )
    options: InstructionOptions = Field(
        default_factory=InstructionOptions, description=_object_of(InstructionOptions)
    )
    outfit: Ignored = None
    style: Ignored = None
    scene: Ignored = None
    camera: Ignored = None


class Body(Part):
    """The body of POST /identity/create."""

    name: Annotated[str | None, BeforeValidator(none_if_blank)] = Field(
        default=None,
        max_length=MAX_NAME,
        pattern=ONE_LINE,
        description=f"at most {MAX_NAME} printable characters on one line; what the identities are called",
    )
    instructions: tuple[Instruction, ...] = Field(
        default=(),
        min_length=1,
        max_length=5,
        description="1 to 5 objects, each the description of one face; with reference_image one or none",
    )
    options: JobOptions = Field(
        default_factory=JobOptions, description="an object of model and add_ai_watermark for the whole job"
    )

    @classmethod
    def _body_fields(cls) -> Iterable[str]:
        # What stands beside them in a brief (worker/briefs/envelope.py) is not for the API.
        return Body.model_fields
