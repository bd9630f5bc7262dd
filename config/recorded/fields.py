"""What a field of a record is: its name, its type, who writes it, and what it means."""

from typing import NamedTuple

#: Types: a time, a length of time, a text as JSON, an amount, a mark that is there or not.
TIME = "ms since 1970"
MS = "ms"
JSON = "JSON"
TEXT = "text"
COUNT = "number"
CREDITS = "credits"
MARK = "1 or nothing"


class Field(NamedTuple):
    """A field of a hash, or a family of them (`%s`): its type, who writes it, and what it means."""

    name: str
    type: str
    writer: str
    meaning: str
