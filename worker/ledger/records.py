"""Records as the ledger reads them, and their subjects."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from worker.ledger.handed import Handed
from worker.ledger.kinds import Kind


@dataclass(frozen=True)
class Record:
    """A record as it was read: all values are text, as Redis holds them.

    Its state follows the transitions that are applied with it (`Ledger.apply`).
    """

    subject: str
    fields: dict[str, str]
    read_at: int
    """The server's time when it was read, ms."""
    handed: Handed | None = field(default=None, compare=False, repr=False)
    """The message that led a step to it, which ends with the step's move."""

    @property
    def age_ms(self) -> int:
        """Milliseconds that it has been in its state, by the server's clock."""
        return self.read_at - int(self.fields["moved_at"])

    @property
    def state(self) -> str:
        """The name of its state (`worker/ledger/states.py`)."""
        return self.fields["state"]

    @property
    def kind(self) -> Kind:
        """Whether it is a brief or a promotion."""
        return Kind(parse_subject(self.subject).kind)

    @property
    def brief_id(self) -> str:
        """The brief's id, also of a promotion."""
        return parse_subject(self.subject).name

    @property
    def account(self) -> str:
        """The account's name."""
        return self.fields["account"]

    @property
    def previous_state(self) -> str | None:
        """The state that it was in before; None of one that has not moved."""
        return self.fields.get("left")

    @property
    def same_brief(self) -> dict[str, str]:
        """The condition that the brief on record is still this one, not one that has replaced it."""
        return {"accepted_at": self.fields.get("accepted_at", "")}

    @property
    def same_stay(self) -> dict[str, str]:
        """The condition that the record has not left its state since it was read."""
        return {"moved_at": self.fields["moved_at"], "state": self.state}

    @property
    def attempt(self) -> int:
        """How often the record was granted permits; this is also the number of its newest paid call."""
        return int(self.fields.get("grants", "0"))

    def get(self, field: str) -> str | None:
        """Return a field's text, None when it has none."""
        return self.fields.get(field)

    def json(self, field: str, default: Any = None) -> Any:
        """Return a field that holds JSON, decoded."""
        text = self.fields.get(field)
        return default if text is None else json.loads(text)


class Subject(NamedTuple):
    """A subject, taken apart: `brief:ID`, `promotion:ID#NUMBER` or `account:NAME`."""

    kind: str
    name: str
    """The brief's id, also of a promotion; of an account its name."""
    number: int | None
    """Which of a brief's promotions, from 0; None of others."""

    @property
    def label(self) -> str:
        """What it is called among its own kind: `ID`, `ID#NUMBER` or `NAME`."""
        return self.name if self.number is None else f"{self.name}#{self.number}"


def parse_subject(subject: str) -> Subject:
    """Return the parts of a subject, of whatever text it is: messages of others may hold any."""
    kind, _, rest = subject.partition(":")
    name, _, number = rest.partition("#")
    return Subject(kind, name, int(number) if number.isascii() and number.isdecimal() else None)


def account_subject(name: str) -> str:
    """Return the subject of an account: its timer's, and its record's."""
    return f"account:{name}"


def brief_subject(brief_id: str) -> str:
    """Return the subject of a brief."""
    return f"{Kind.BRIEF}:{brief_id}"


def promotion_subject(brief_id: str, number: int) -> str:
    """Return the subject of a brief's promotion, numbered from 0."""
    return f"{Kind.PROMOTION}:{brief_id}#{number}"


def inside(data: Mapping[str, Any]) -> str:
    """Return a JSON object's text without its braces, for the Lua functions to add fields to."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))[1:-1]
