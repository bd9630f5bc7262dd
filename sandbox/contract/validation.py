"""The guide's *Limits and validation*, for the body of POST /identity/create."""

import re
import unicodedata
from typing import Any

from sandbox.account.account import Account
from sandbox.common.errors import ApiError, Fault, invalid
from sandbox.common.settings import Settings

GROUPS = {
    "appearance": ("gender", "age", "ethnicity", "skin", "build", "size", "height", "expression"),
    "face": (
        "eyes", "eyebrows", "nose", "lips", "smile", "face_shape", "facial_hair", "makeup", "marks"
    ),
    "hair": ("color", "length", "style"),
}  # fmt: skip
IGNORED_GROUPS = ("outfit", "style", "scene", "camera")
SIZES = ("1K", "2K", "4K")
RATIOS = ("1:1", "2:3", "3:4", "4:5", "5:4", "3:2", "4:3", "9:16", "16:9", "21:9")
FORMATS = ("jpg", "png")
ORBITA_SIZES = ("1K",)
ORBITA_RATIOS = tuple(ratio for ratio in RATIOS if ratio not in ("4:5", "5:4", "21:9"))
MOST_INSTRUCTIONS = 5
MOST_VARIATIONS = 8
MOST_ASSETS = 3
DEFAULTS = {"size": "2K", "ar": "3:4", "format": "jpg"}
#: The largest size of each tier; the guide says only that there is such a policy.
TIER_SIZES = {"free": SIZES[:1], "standard": SIZES[:2], "pro": SIZES}


def creation_body(body: dict[str, Any], account: Account) -> dict[str, Any]:
    """The body with its defaults filled in; raises 400 with every fault, or with the blocked term."""
    faults: list[Fault] = []
    if not isinstance(body.get("name"), str | None):
        faults.append(Fault("name", "Must be a string."))
    options = _object(body, "options", "options", faults)
    model = options.get("model") or "auto"
    if model not in account.settings.models:
        faults.append(Fault("options.model", f"Must be one of {', '.join(account.settings.models)}."))
    if not isinstance(options.get("add_ai_watermark", False), bool | None):
        faults.append(Fault("options.add_ai_watermark", "Must be a boolean."))
    instructions = body.get("instructions")
    if not isinstance(instructions, list) or not 1 <= len(instructions) <= MOST_INSTRUCTIONS:
        faults.append(Fault("instructions", f"Must be a list of 1 to {MOST_INSTRUCTIONS} instructions."))
        raise invalid(faults)
    checked = [
        _instruction(instruction, f"instructions[{index}]", model, account, faults)
        for index, instruction in enumerate(instructions)
    ]
    if faults:
        raise invalid(faults)
    refuse_real_persons(checked, account.settings.blocked_names)
    return {**body, "instructions": checked, "options": {**options, "model": model}}


def require_tier(body: dict[str, Any], settings: Settings) -> None:
    """Refuse sizes above the tier's policy (guide: 403)."""
    for instruction in body["instructions"]:
        size = instruction["options"]["size"]
        if not settings.enterprise and size not in TIER_SIZES[settings.tier]:
            raise ApiError(403, f"Output size {size} exceeds the policy of the {settings.tier} tier.")


def _instruction(
    value: object, path: str, model: str, account: Account, faults: list[Fault]
) -> dict[str, Any]:
    if not isinstance(value, dict):
        faults.append(Fault(path, "Must be an object."))
        return {}
    prompt = value.get("prompt")
    if not isinstance(prompt, str | None):
        faults.append(Fault(f"{path}.prompt", "Must be a string."))
    filled = _filled_fields(value, path, faults)
    if not filled and not (isinstance(prompt, str) and prompt.strip()):
        faults.append(Fault(path, "Must have a prompt or at least one filled structured field."))
    _check_assets(value.get("input_assets"), f"{path}.input_assets", model, account, faults)
    options = {**DEFAULTS, **_given(_object(value, "options", f"{path}.options", faults))}
    _check_options(options, f"{path}.options", model, faults)
    variations = value.get("num_variations", 1)
    if type(variations) is not int or not 1 <= variations <= MOST_VARIATIONS:
        faults.append(Fault(f"{path}.num_variations", f"Must be an integer from 1 to {MOST_VARIATIONS}."))
    return {**value, "options": options, "num_variations": variations}


def _filled_fields(instruction: dict[str, Any], path: str, faults: list[Fault]) -> int:
    """How many structured fields hold something; blank strings and nulls do not count."""
    filled = 0
    for group, names in GROUPS.items():
        fields = _object(instruction, group, f"{path}.{group}", faults)
        for name in names:
            value = fields.get(name)
            if not isinstance(value, str | int | float | None) or isinstance(value, bool):
                faults.append(Fault(f"{path}.{group}.{name}", "Must be a string or a number."))
            filled += value is not None and bool(str(value).strip())
    return filled


def _check_options(options: dict[str, Any], path: str, model: str, faults: list[Fault]) -> None:
    orbita = model == "orbita"
    allowed = {
        "size": ORBITA_SIZES if orbita else SIZES,
        "ar": ORBITA_RATIOS if orbita else RATIOS,
        "format": FORMATS,
    }
    suffix = " with model orbita" if orbita else ""
    for name, values in allowed.items():
        if options[name] not in values:
            faults.append(Fault(f"{path}.{name}", f"Must be one of {', '.join(values)}{suffix}."))


def _check_assets(value: object, path: str, model: str, account: Account, faults: list[Fault]) -> None:
    if value is None or value == []:
        return
    if not isinstance(value, list) or len(value) > MOST_ASSETS:
        faults.append(Fault(path, f"Must be a list of at most {MOST_ASSETS} references."))
        return
    if model == "orbita":
        faults.append(Fault(path, "Not supported with model orbita."))
    for index, asset in enumerate(value):
        file_id = asset.get("file_id") if isinstance(asset, dict) else None
        upload = account.uploads.get(file_id) if isinstance(file_id, str) else None
        if upload is None or upload.content is None:
            faults.append(Fault(f"{path}[{index}].file_id", "The reference image is missing: upload it."))


def _object(parent: dict[str, Any], name: str, path: str, faults: list[Fault]) -> dict[str, Any]:
    """A part that must be an object if it is there at all."""
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        faults.append(Fault(path, "Must be an object."))
        return {}
    return value


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


#: What a prompt is built from (guide: Building a brief); other groups are ignored.
PARTS = ("prompt", "appearance", "face", "hair")


def refuse_real_persons(instructions: list[dict[str, Any]], names: list[str]) -> None:
    """Raise 400 with the first blocked name in a prompt or field, whatever its case, spacing and accents."""
    for instruction in instructions:
        text = _plain(", ".join(text for part in PARTS for text in _texts(instruction.get(part))))
        for name in names:
            if re.search(rf"\b{re.escape(_plain(name))}\b", text):
                raise ApiError(
                    400, f"The brief names a real person; blocked term: '{name}'", {"blocked_term": name}
                )


def _texts(value: object) -> list[str]:
    """Every text inside a value."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in letters if not unicodedata.combining(each)).split())
