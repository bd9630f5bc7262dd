"""A brief: parsed from JSON with all its faults listed, its defaults filled in, its JSON Schema."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from pydantic import Field, ValidationError

from config.text import nearest
from worker.briefs.body import IGNORED_GROUPS, MODELS, Instruction, JobOptions
from worker.briefs.choices import BriefKind, Choose
from worker.briefs.decoding import read_object
from worker.briefs.envelope import Envelope
from worker.briefs.faults import MAX_FAULTS, BriefError
from worker.briefs.rules import field_faults, joint_faults

MAX_BYTES = 256 * 1024


class Brief(Envelope):
    """A valid brief: every rule holds, every default is filled in."""

    notes: list[str] = Field(
        default_factory=list, description="what was decided for the brief, or is ignored in it"
    )

    def body(self) -> dict[str, Any]:
        """Return what the API is sent, of an import beside its portrait."""
        if self.kind is not BriefKind.IMPORT:
            return super().body()
        said = {"name": self.name, "tag": self.tag}
        return {name: value for name, value in said.items() if value is not None}

    @property
    def promotions(self) -> int:
        """The drafts that it promotes at most, which is what promotions cost."""
        return self.slots() if self.kind is BriefKind.IDENTITY else 0

    def choices(self) -> tuple[str, ...]:
        """Return how to choose among the drafts of each instruction, in their order."""
        return self.choose if isinstance(self.choose, tuple) else (self.choose,) * len(self.instructions)

    @property
    def total_variations(self) -> int:
        """The drafts that it buys."""
        if self.kind is not BriefKind.IDENTITY:
            return 0
        return sum(instruction.num_variations for instruction in self.instructions)

    @property
    def is_described(self) -> bool:
        """Whether the API describes its photo, which is charged apart."""
        return self.reference_image is not None and self.kind is not BriefKind.IMPORT

    def needs_files(self) -> bool:
        """Whether pictures must be uploaded before it can be sent."""
        assets = (asset for instruction in self.instructions for asset in instruction.input_assets)
        if self.kind is BriefKind.IMPORT:
            return False  # its portrait goes along with the call itself
        return self.reference_image is not None or any(asset.file is not None for asset in assets)

    def slots(self) -> int:
        """Return the number of slots that it needs: the most identities that may be promoted."""
        if self.kind is not BriefKind.IDENTITY:
            return int(self.kind is BriefKind.IMPORT)
        pairs = zip(self.instructions, self.choices(), strict=True)
        return sum(instruction.num_variations if choose == Choose.ALL else 1 for instruction, choose in pairs)


def parse(
    raw: str | bytes | Mapping[str, Any],
    *,
    max_bytes: int = MAX_BYTES,
    plain_http: bool = False,
) -> Brief:
    """Parse a brief from JSON of at most `max_bytes`, or from a mapping of JSON values.

    `plain_http` allows pictures' URLs that are not encrypted. Raises BriefError with all faults; of what is
    no proper JSON object, with that fault alone.
    """
    tree = read_object(raw, max_bytes)
    faults = list(islice(joint_faults(tree, plain_http=plain_http), MAX_FAULTS))
    try:
        envelope = Envelope.model_validate(tree)
    except ValidationError as error:
        faults = field_faults(error, MAX_FAULTS) + faults
    if faults:
        raise BriefError(faults[:MAX_FAULTS])
    return _decided(envelope)


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of what `parse` accepts; rules between fields are in descriptions."""
    described = Envelope.model_json_schema()
    described["anyOf"] = [{"required": ["instructions"]}, {"required": ["reference_image"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | described | {"title": "Brief"}


def _decided(envelope: Envelope) -> Brief:
    if envelope.kind is BriefKind.IMPORT:
        return Brief(**{name: getattr(envelope, name) for name in envelope.model_fields_set})
    if not envelope.instructions:
        # The reference image's description fills this one in.
        envelope = envelope.model_copy(update={"instructions": (Instruction(),)})
    orbita = envelope.options.model == "orbita"
    notes = [*_job_notes(envelope.options)] + [
        f"instructions[{index}].{note}"
        for index, instruction in enumerate(envelope.instructions)
        for note in _notes(instruction, orbita=orbita)
    ]
    decided = dict(envelope)
    if orbita:
        # The guide's default of 2K would be refused, and orbita makes no other size.
        decided["instructions"] = tuple(map(_in_1k, envelope.instructions))
    return Brief(**decided, notes=notes)


def _in_1k(instruction: Instruction) -> Instruction:
    options = instruction.options.model_copy(update={"size": "1K"})
    return instruction.model_copy(update={"options": options})


def _job_notes(options: JobOptions) -> Iterator[str]:
    model = options.model
    if model not in MODELS:
        near = nearest(model, MODELS)
        like = f" (the nearest known name is {near})" if near else ""
        yield f"options.model {model} is not known here{like}: the API decides"
    if model != "auto":
        yield f"options.model {model} has no fallback: if this engine refuses, the job fails"
    if options.add_ai_watermark:
        yield "options.add_ai_watermark does nothing outside Enterprise; there it marks the pictures for good"


def _notes(instruction: Instruction, *, orbita: bool) -> Iterator[str]:
    if "num_variations" not in instruction.model_fields_set:
        yield "num_variations was not given: 1 draft, the cheapest"
    if orbita and "size" not in instruction.options.model_fields_set:
        yield "options.size was not given: 1K, the only one that orbita makes"
    if instruction.input_assets and instruction.prompt is None:
        yield "input_assets are meant to go with a prompt, and there is none"
    for name in IGNORED_GROUPS:
        if getattr(instruction, name):
            yield f"{name} is ignored by the API, which sets framing, light, clothes and background itself"
