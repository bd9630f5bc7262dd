"""What a form says: fields of a request's body, up to a bound."""

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request

from web.page.visiting.errors import PageError, wrong
from web.v1 import bounded

#: Bytes of the largest form, and fields in it.
MAX_FORM, MAX_FIELDS = 64 * 1024, 1_000


class Form:
    """The fields of a form; one that is not there is blank."""

    def __init__(self, fields: Sequence[tuple[str, str]] = ()) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """Return a field, without blanks around it."""
        return next(iter(self.all(name)), "")

    def names(self, begin: str) -> list[str]:
        """Return the names of fields that begin so, each once."""
        return list(dict.fromkeys(name for name, _ in self._fields if name.startswith(begin)))

    def all(self, name: str) -> list[str]:
        """Return all fields of a name."""
        return [value.strip() for field, value in self._fields if field == name]


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
