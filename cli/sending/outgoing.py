"""A brief of a file on its way to the inlet queue: what is sent, what became of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from cli.sending.files import Item
from worker.briefs.brief import Brief, parse
from worker.briefs.faults import Fault
from worker.ledger.arrivals import Arrived

#: Noted on the second and later ones of equal briefs.
EQUAL = (
    "says the same as another one of its file, and is a brief of its own, which costs as much; "
    "if that is a mistake, `cancel` it"
)


class Status(StrEnum):
    """What became of a brief of a file."""

    #: It breaks rules.
    BAD = "bad"
    #: It breaks none, and was not sent.
    VALID = "valid"
    SENT = "sent"
    #: It is on the queue, and so few replicas have it that a failover may lose it: to be sent again.
    UNCONFIRMED = "unconfirmed"
    #: It was sent, to take the place of one on record that never cost anything.
    REPLACED = "replaced"
    #: It was not sent, since the same brief is on record, or was among those before.
    SAME = "same"
    #: It was not sent, since another brief is on record under its id.
    CONFLICT = "conflict"
    #: It was not sent, since the same was bought before, under this id or another.
    BOUGHT = "bought"
    #: It was not sent, but the one on record has its metadata, batch and priority now.
    UPDATED = "updated"
    #: It is not on record, where one that is was to be updated.
    UNKNOWN = "unknown"


#: What was refused, to be mended and sent again.
REJECTED = (Status.BAD, Status.CONFLICT, Status.BOUGHT, Status.UNKNOWN)


class Takes(NamedTuple):
    """What a valid brief takes, and of whom."""

    account: str | None
    batch: str | None
    drafts: int
    slots: int
    promotions: int
    """Of the slots those that a draft is promoted to, which costs credits."""
    descriptions: int
    """Photos that the API describes, which is charged apart."""

    @classmethod
    def of(cls, brief: Brief) -> "Takes":
        """Return what a valid brief takes."""
        return cls(
            brief.account,
            brief.batch,
            brief.total_variations,
            brief.slots(),
            brief.promotions,
            int(brief.is_described),
        )


@dataclass
class Outgoing:
    """One brief on its way to the queue."""

    item: Item
    """Where it stands; its value is gone once it is on its way."""
    text: str = ""
    """What is sent, as JSON; empty for what breaks rules."""
    brief_id: str | None = None
    """Its id; None of a bad one that has none."""
    takes: Takes | None = None
    notes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    status: Status = Status.BAD
    arrived: Arrived | None = None
    """What would become of it, by what is on record."""
    same_as: str | None = None
    """Where the same brief stands, of one that was met before."""
    number: int = 0
    """Its place among all of them, from 1."""

    @property
    def source(self) -> str:
        """The file and the place in it."""
        return self.item.source

    @property
    def brief(self) -> Brief | None:
        """The brief, None of a bad one. It is read anew each time: of 100,000 none is kept."""
        # Whether plain http is allowed was checked when it came.
        return None if self.faults or not self.text else parse(self.text, plain_http=True)
