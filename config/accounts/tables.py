"""The table of an account in TOML: its limits, and what names its token."""

import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import Field, PositiveFloat, ValidationError, create_model

from config.accounts.account import NO_LIMITS_GIVEN, AccountsError
from config.limits import CAPS, DEFAULTS, NAMES, NONE, Limits, too_much_express
from config.text import nearest

#: The fields that say where a token is; all others are limits.
TOKEN_ENV, TOKEN_FILE = TOKENS = ("token_env", "token_file")
_WHOLE: dict[str, Any] = {name: (int, Field(default, ge=0)) for name, default in DEFAULTS.items()}
#: Checks limits that people have written.
_Written = create_model(
    "_Written",
    **_WHOLE,
    budget=(float | None, Field(None, gt=0, strict=True, allow_inf_nan=False)),
    weights=(dict[str, PositiveFloat], Field(default_factory=dict)),
)


def parse(content: bytes) -> dict[str, Any]:
    """Return what a TOML file says; raises AccountsError."""
    try:
        # Editors on Windows put a byte order mark first.
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise AccountsError(f"is no TOML: a byte of line {line} is not UTF-8") from None
    except ValueError as error:
        raise AccountsError(f"is no TOML: {error}") from None


def limits(where: str, table: Mapping[str, Any]) -> Limits:
    """Return the limits that an account's table gives; raises AccountsError, also of names not known."""
    given = {
        key: 0 if value == NONE and key in CAPS else value
        for key, value in table.items()
        if key not in TOKENS and not (key == "budget" and value == NONE)
    }
    if not given:
        return NO_LIMITS_GIVEN
    for key in given:
        if key not in NAMES:
            raise AccountsError(f"{where}.{key}: {_unknown(key)}")
    try:
        read = Limits(**vars(_Written(**given)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise AccountsError(f"{where}.{place}: {_shown(first['input'])}: {first['msg']}") from None
    if broken := too_much_express(read.jobs, read.express):
        raise AccountsError(f"{where}.express: {broken}")
    return read


def _shown(value: object) -> str:
    """Return a value for an error; of a text only that it is one: somebody may have written a token there."""
    return str(value) if isinstance(value, bool | int | float) else f"a {type(value).__name__}"


def _unknown(key: str) -> str:
    if key == "token":
        return "a token must not stand in this file; name what holds it, as token_env or token_file"
    known = (*TOKENS, *NAMES)
    if near := nearest(key, known):
        return f"is not known here; the nearest known name is {near}"
    return f"is not known here; the known names are {', '.join(known)}"
