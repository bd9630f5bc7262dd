"""What a form says: fields of a request's body, up to a bound."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request

from config.text import printable
from web.page.visiting.errors import PageError, wrong
from web.v1 import bounded

#: Bytes of the largest form, and fields in it.
MAX_FORM, MAX_FIELDS = 64 * 1024, 1_000
#: A whole number as a form has it: digits, with no signs of other scripts and no underscores as `int` takes.
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
#: A number as a form has it.
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
#: Characters of a wrong value that are told.
_TOLD = 60


class Form:
    """The fields of a form; one that is not there is blank."""

    def __init__(self, fields: Sequence[tuple[str, str]] = ()) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """Return a field, without blanks around it."""
        return next(iter(self.all(name)), "")

    def words(self, name: str) -> tuple[str, ...]:
        """Return the words of a field, which stand between blanks or commas."""
        return tuple(self.text(name).replace(",", " ").split())

    def lines(self, name: str) -> tuple[str, ...]:
        """Return the lines of a field that are not blank."""
        return tuple(line.strip() for line in self.text(name).splitlines() if line.strip())

    def whole(self, name: str, least: int, most: int) -> int:
        """Return a field that is a whole number. Raises PageError."""
        return whole(name, self.text(name), least, most)

    def number(self, name: str) -> float | None:
        """Return a field that is a number, None where it is blank. Raises PageError."""
        text = self.text(name)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise _broken(name, text, "must be a number, as 500 or 12.5")
        return float(text)

    def one_of(self, name: str, known: Iterable[str]) -> str:
        """Return a field that is one of some words. Raises PageError."""
        text, words = self.text(name), [str(each) for each in known]
        if text not in words:
            raise _broken(name, text, f"must be one of {', '.join(words)}")
        return text

    def names(self, begin: str) -> list[str]:
        """Return the names of fields that begin so, each once."""
        return list(dict.fromkeys(name for name, _ in self._fields if name.startswith(begin)))

    def all(self, name: str) -> list[str]:
        """Return all fields of a name."""
        return [value.strip() for field, value in self._fields if field == name]


def whole(name: str, text: str, least: int, most: int) -> int:
    """Return the whole number that a field holds. Raises PageError."""
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise _broken(name, text, f"must be a whole number from {least} to {most}")
    return int(text)


def _broken(name: str, text: str, rule: str) -> PageError:
    """Return the error of a field whose value breaks a rule, in the words of all errors of ours."""
    told = printable(text if len(text) <= _TOLD else text[:_TOLD] + "…")
    return wrong(f"{name} '{told}': {rule}.")


async def read(request: Request) -> Form:
    """Return the form that a request brings. Raises PageError 400, 408, 413."""
    try:
        body = await bounded.read(request, MAX_FORM)
    except bounded.TooLargeError:
        told = f"The form has more than {MAX_FORM} bytes."
        raise PageError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told) from None
    except bounded.NotWholeError:
        raise PageError(HTTPStatus.REQUEST_TIMEOUT, "The form did not come whole.") from None
    try:
        return Form(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise wrong("The form can't be read.") from None
