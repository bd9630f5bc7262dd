"""A finding about a Redis server: how bad it is, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    #: Nothing may run on this server.
    REFUSE = "refuse"
    #: Nothing is bought on it until that is mended.
    STOPS = "stops"
    #: Acknowledged writes may be lost.
    WARN = "warn"
    #: Worth knowing: a smaller loss that was chosen.
    NOTICE = "notice"
    #: The server does not let us ask, as managed ones do: no fault, and nobody knows.
    UNASKED = "unasked"


@dataclass(frozen=True)
class Finding:
    """One finding about a server: what it is about, what could go wrong, and what to do."""

    about: str
    level: Level
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"
