"""What a cell of a table means: numbers, dates, yes and no, and nothing, as a person means them.

| a cell                                   | means                                                          |
|------------------------------------------|----------------------------------------------------------------|
| nothing, or blanks alone                 | the field is absent                                            |
| `28`, `28.0`                             | 28 where the field is a number, a trait or metadata            |
| `28,0`, `28.00`                          | 28 where the field is a number or a trait; text in metadata    |
| `0471`, `+49`, `1.10`, `1e5`, `1,234`    | text, but for a whole number, which `2,0` is and `2,000` is not |
| `50 %`, and a number shown in per cent   | text, `50%`                                                    |
| a number shown with zeros before it      | text, as it is shown                                           |
| a date                                   | text as in `2026-11-28`, and only in metadata                  |
| `16:9`, also as the time that Excel makes | the ratio                                                     |
| `TRUE`, `yes`, `ja` ...                  | true, where the field is true or false                         |
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from enum import Enum, auto
from typing import Any, NamedTuple

from config.errors import IdentityWorkerError
from worker.briefs.decoding import decoder, unreadable


class Kind(Enum):
    """What a field of a brief holds."""

    TEXT = auto()
    WHOLE = auto()
    BOOLEAN = auto()
    #: Text or a number: the traits of a face.
    TRAIT = auto()
    #: One word of several.
    WORD = auto()
    #: One word of several, or one for each instruction.
    WORDS = auto()
    #: An object or a list, written as JSON.
    JSON = auto()
    #: Whatever the sender likes: metadata.
    ANYTHING = auto()


class Wrong(NamedTuple):
    """A cell that can't be read: what stands there, and the rule that it breaks."""

    shown: str
    rule: str


Cell = str | int | float | bool | date | datetime | time | timedelta | Wrong | None


class CellError(IdentityWorkerError):
    """Raised for a cell that can't mean anything for its field; with what stands there, and the rule."""

    def __init__(self, shown: str, rule: str) -> None:
        super().__init__(rule)
        self.shown = shown
        self.rule = rule


_FORMULA = re.compile(r"""="((?:[^"]|"")*)"$""", re.DOTALL)
_A_FORMULA = "must be a value: this begins a formula, and what it gives is not in the file"
_A_DATE = "must be no date: it may be text of which the spreadsheet made one, so format the column as text"
#: As JSON would write it, with at most 15 digits: what a spreadsheet keeps of a number.
_WHOLE_TEXT = re.compile(r"-?(0|[1-9]\d{0,14})(\.0)?")
_DECIMAL_TEXT = re.compile(r"-?(0|[1-9]\d{0,8})\.\d{0,5}[1-9]")
#: Three zeros behind a separator may be thousands.
_WHOLE_NUMBER = re.compile(r"([+-]?\d{1,15})([.,](?!000$)0+)?")
#: A whole trait, such as an age, as a decimal number.
_WHOLE_TRAIT = re.compile(r"(0|[1-9]\d{0,2})[.,]0{1,2}")
_RATIO = re.compile(r"0*(\d{1,2})\s*[:x/]\s*0*(\d{1,2})(:00)?")
#: As English spreadsheets write it, those of other languages, and people.
_TRUE = ("true", "yes", "y", "1", "wahr", "ja", "vrai", "oui", "vero", "sì", "verdadero", "sí", "verdadeiro")
_FALSE = ("false", "no", "n", "0", "falsch", "nein", "faux", "non", "falso")


def value_of(cell: Cell, kind: Kind, words: Sequence[str] = ()) -> Any:
    """Return what a cell means for a field of this kind, None for an empty one. Raises CellError.

    What is none of the field's values is returned as it stands: the rules of briefs tell what is allowed.
    """
    if isinstance(cell, Wrong):
        raise CellError(cell.shown, cell.rule)
    if isinstance(cell, str):
        cell = _text(cell)
    if cell is None or cell == "":
        return None
    if isinstance(cell, time) and kind is Kind.WORD:
        cell = f"{cell.hour}:{cell.minute}"
    if isinstance(cell, date | time | timedelta):
        if kind is not Kind.ANYTHING:
            raise CellError(_date_text(cell), _A_DATE)
        return _date_text(cell)
    return _of_kind(cell, kind, words)


def text_of(cell: Cell) -> str:
    """Return a cell as it stands within a text; empty for an empty one. Raises CellError."""
    value = value_of(cell, Kind.ANYTHING)
    if isinstance(value, bool) and isinstance(cell, str):
        return cell.strip()
    return "" if value is None else _shown(value)


def _text(cell: str) -> str:
    text = cell.strip()
    if text[:1] == "'" and text[1:2] in tuple("=+-@"):
        # How people, and we, keep a spreadsheet from reading a text as a formula.
        return text[1:]
    if text.startswith("="):
        found = _FORMULA.fullmatch(text)
        if found is None:
            raise CellError(text, _A_FORMULA)
        # ="0471": how people keep leading zeros in a CSV file.
        return found[1].replace('""', '"')
    return text


def _of_kind(cell: str | float | bool, kind: Kind, words: Sequence[str]) -> Any:
    if kind is Kind.TEXT:
        return cell if isinstance(cell, str) else _shown(cell)
    if kind is Kind.WHOLE:
        return _whole(cell)
    if kind is Kind.BOOLEAN:
        return _boolean(cell)
    if kind is Kind.WORD:
        return _word(_shown(cell), words)
    if kind is Kind.WORDS:
        found = [_word(each, words) for each in re.split(r"[\s,;|/]+", _shown(cell)) if each]
        return found[0] if len(found) == 1 else found
    if kind is Kind.JSON:
        return _json(_shown(cell))
    if kind is Kind.TRAIT and isinstance(cell, str) and (whole := _WHOLE_TRAIT.fullmatch(cell)):
        return int(whole[1])
    return _plain(cell)


def _shown(cell: str | float | bool) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)


def _whole(cell: str | float | bool) -> Any:
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, str) and (found := _WHOLE_NUMBER.fullmatch(cell)):
        return int(found[1])
    return cell


def _boolean(cell: str | float | bool) -> Any:
    said = _shown(cell).lower()
    return True if said in _TRUE else False if said in _FALSE else cell


def _word(text: str, words: Sequence[str]) -> str:
    """Return the word that is meant, whatever its case; the text itself where there is none."""
    by_case = {word.lower(): word for word in words}
    if (ratio := _RATIO.fullmatch(text)) and f"{ratio[1]}:{ratio[2]}" in by_case:
        return f"{ratio[1]}:{ratio[2]}"
    return by_case.get(text.lower(), text)


def _json(text: str) -> Any:
    repeated: list[str] = []
    try:
        value = decoder(repeated).decode(text)
    except (ValueError, RecursionError) as error:
        raise CellError(text, f"{unreadable(error)}; this field is an object or a list") from error
    if repeated:
        raise CellError(repeated[0], "a name may stand only once in an object")
    return value


def _plain(cell: str | float | bool) -> Any:
    """Return a value whose type nobody said: a number only where nothing of its writing gets lost."""
    if isinstance(cell, float):
        rounded = float(f"{cell:.15g}")
        return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded
    if not isinstance(cell, str):
        return cell
    if cell in ("TRUE", "FALSE"):
        return cell == "TRUE"
    if whole := _WHOLE_TEXT.fullmatch(cell):
        return int(cell.removesuffix(whole[2] or ""))
    return float(cell) if _DECIMAL_TEXT.fullmatch(cell) else re.sub(r"(?<=\d)\s+%$", "%", cell)


def _date_text(cell: date | datetime | time | timedelta) -> str:
    if isinstance(cell, datetime):
        return (cell.date() if cell.time() == time() else cell).isoformat()
    return str(cell) if isinstance(cell, timedelta) else cell.isoformat()
