"""Faults of a brief: one `Fault` for each broken rule, and `BriefError`, which carries them all."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from config.errors import IdentityWorkerError
from config.text import printable

#: Most faults told of one brief: a hostile one can hold tens of thousands.
MAX_FAULTS = 100
#: Characters kept of a value or a field name that is shown to people.
MAX_SHOWN = 120
#: Characters of the longest path told: names of fields are the sender's, and may stand in 32 levels.
MAX_PATH = 200
#: Bytes of all faults of a brief as JSON. They stand in its record and again in its event.
MAX_BYTES = 16 * 1024
#: The parts of a URL that give access: its user with a password, and its query, where signatures stand.
_ACCESS = re.compile(r"(?<=://)[^/?#\s]*@|(?<=\?)\S+")

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Fault:
    """One broken rule: where, what stood there, and what is allowed.

    A path is like `instructions[0].options.ar`; the empty path is the brief itself. The value is None where
    there is nothing to show: the field is missing, or null.
    """

    path: str
    value: Scalar
    rule: str

    def __str__(self) -> str:
        # Its control characters are escaped already, once.
        value = json.dumps(self.value, ensure_ascii=False).replace("\\\\", "\\")
        got = "" if self.value is None else f" (got {value})"
        return f"{self.path or 'brief'}: {self.rule}{got}"


class BriefError(IdentityWorkerError):
    """Raised when a brief breaks rules; `faults` lists them, at most `MAX_FAULTS` and `MAX_BYTES` of them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = _bounded(list(faults))
        super().__init__("\n".join(map(str, self.faults)))


def _bounded(faults: list[Fault]) -> list[Fault]:
    """Return at most as many faults as may be listed, the last one saying how many more there are."""
    left = MAX_BYTES - len(json.dumps(asdict(_more(MAX_FAULTS))))
    for told, each in enumerate(faults):
        left -= len(json.dumps(asdict(each))) + 2  # as JSON that escapes most, with its comma
        if left < 0:
            return [*faults[:told], _more(len(faults) - told)]
    return faults


def _more(count: int) -> Fault:
    return Fault(path="", value=count, rule="and so many more faults, which are told once these are mended")


def fault(location: tuple[str | int, ...], value: object, rule: str) -> Fault:
    """Build a fault at `location` (field names and list positions), with its value escaped and cut."""
    return Fault(path=path_of(location), value=shown(value), rule=rule)


def path_of(location: tuple[str | int, ...]) -> str:
    """Return field names and list positions as one path: `("a", 0, "b")` is `a[0].b`.

    The middle of a path that is too long is left out.
    """
    parts = (f"[{part}]" if isinstance(part, int) else f".{_cut(part)}" for part in location)
    path = "".join(parts).removeprefix(".")
    half = MAX_PATH // 2
    return path if len(path) <= MAX_PATH else f"{path[: half - 1]}…{path[-half:]}"


def shown(value: object) -> Scalar:
    """Return `value` as short printable text, or as it is where it is a plain number, a boolean or null.

    Faults go into events and logs, so what of a URL gives access is left out.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and value.bit_length() < 64:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    return _cut(_ACCESS.sub("…", text) if "://" in text else text)


def _cut(text: str) -> str:
    escaped = printable(text[:MAX_SHOWN])
    return escaped[:MAX_SHOWN] + "…" if max(len(text), len(escaped)) > MAX_SHOWN else escaped
