"""Reads from a brief's journal what was paid for it: each paid call with its outcomes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from config.limits import Endpoint
from config.text import credits_text
from worker.ledger.kinds import ACCEPTED, PROMOTION_CREDITS, UNRESOLVED
from worker.lifecycle.journal_entries import IMPORT
from worker.piktid.errors import NotSentError

#: The paid call that orders no job: the description of a reference image.
EXTRACT = "extract"
#: The preprocessing of a promoted identity failed; its draft may be promoted again (guide, *Idempotency*).
PREPROCESSING_FAILED = "preprocessing failed"

#: Here another brief has replaced the one that all earlier entries are about, which had cost nothing.
REPLACED = "replaced"

Entry = Mapping[str, Any]


@dataclass
class Call:
    """One paid call: its intention, and its outcomes on record, a late one among them."""

    intended: Entry
    outcomes: list[Entry] = field(default_factory=list)

    @property
    def taken(self) -> bool:
        """Whether the API has accepted it."""
        return any(outcome["what"] in ACCEPTED for outcome in self.outcomes)

    @property
    def unresolved(self) -> bool:
        """Whether it is unknown if the API has accepted it."""
        return not self.taken and all(outcome["what"] in UNRESOLVED for outcome in self.outcomes)


@dataclass(frozen=True)
class Journal:
    """A brief's journal, grouped by call."""

    calls: tuple[Call, ...]
    strays: tuple[Entry, ...]
    """Outcomes of paid calls that were never intended."""
    words: tuple[Entry, ...]
    """What operators have said."""

    def of(self, call: str) -> tuple[Call, ...]:
        """Return the calls of one kind: extract, create or promote."""
        return tuple(each for each in self.calls if each.intended["call"] == call)

    def lost(self, call: str) -> list[Entry]:
        """Return the intentions of the calls of one kind that may have arrived: nobody knows."""
        return [each.intended for each in self.of(call) if each.unresolved]

    def made(self, call: str, what: str) -> set[str]:
        """Return the distinct ids in the field `what` of the outcomes by which such calls were accepted."""
        found = {
            outcome.get(what)
            for each in self.of(call)
            for outcome in each.outcomes
            if outcome["what"] in ACCEPTED
        }
        return {str(each) for each in found if each is not None}

    def said(self, word: str) -> int:
        """Return how often an operator gave this command for the brief."""
        return sum(entry["what"] == word for entry in self.words)

    @property
    def charges(self) -> dict[str, float]:
        """The credits that each of its jobs has used, as far as the API has told them."""
        outcomes = [outcome for call in self.of(Endpoint.CREATE) for outcome in call.outcomes]
        said = [each for each in outcomes if each["what"] == "charged" and each.get("credits") is not None]
        return {each["job_id"]: float(each["credits"]) for each in said}

    @property
    def unresolved(self) -> tuple[str, ...]:
        """The kinds of the calls whose outcome is unknown, and which may have been charged."""
        return tuple(each.intended["call"] for each in self.calls if each.unresolved)


def take_apart(entries: Iterable[Entry]) -> Journal:
    """Group a journal's entries by call: an outcome belongs to the newest call of its subject and attempt.

    Operators' commands count for the brief that they were about, and not for one that has replaced it.
    """
    calls: list[Call] = []
    strays: list[Entry] = []
    words: list[Entry] = []
    newest: dict[tuple[str, str, int], Call] = {}
    for entry in entries:
        name = (entry["call"], entry["subject"], entry.get("attempt", 0))
        if entry["call"] == REPLACED:
            words.clear()
        elif entry["call"] == "operator":
            words.append(entry)
        elif entry["what"] == "intended" or entry.get("supposed"):
            newest[name] = Call(entry)
            calls.append(newest[name])
        elif name in newest:
            newest[name].outcomes.append(entry)
        elif entry["what"] != NotSentError.outcome:
            # A claim that a failover has forgotten is taken back all the same, and nothing was sent of it.
            strays.append(entry)
    return Journal(tuple(calls), tuple(strays), tuple(words))


class Spent(NamedTuple):
    """What a brief has cost, as far as known."""

    drafts: float
    promotions: float
    descriptions: int
    unknown: int
    """Paid calls of which nobody knows whether they were charged."""


def spent(journal: Journal, credits_of_drafts: float | None) -> Spent:
    """Return what a brief has cost by its journal; where that is silent on its drafts, by its record."""
    outcomes = [outcome for call in journal.of(Endpoint.PROMOTE) for outcome in call.outcomes]
    # A draft that was promoted already was promoted by a call of unknown outcome.
    codes = {outcome["identity_code"] for outcome in outcomes if "identity_code" in outcome}
    drafts = sum(journal.charges.values()) if journal.charges else credits_of_drafts or 0.0
    taken = sum(call.taken for call in journal.of(EXTRACT))
    return Spent(drafts, len(codes) * PROMOTION_CREDITS, taken, len(journal.unresolved))


def paid_text(credits_known: float, journal: Journal) -> str:
    """Return in words what was paid for a brief as far as known, and what may have been."""
    extracted = sum(call.taken for call in journal.of(EXTRACT))
    known = [f"{credits_text(credits_known)} credits"] if credits_known else []
    has_job = bool(journal.made(Endpoint.CREATE, "job_id"))
    known += ["drafts of unknown price"] if has_job and not credits_known else []
    known += ["a description of its reference image"] if extracted else []
    known += ["an import of unknown price"] if journal.made(IMPORT, "identity_code") else []
    maybe = [f"perhaps for {_NAMES[call]} of unknown outcome" for call in dict.fromkeys(journal.unresolved)]
    return ", ".join([*known, *maybe]) or "nothing"


_NAMES = {
    EXTRACT: "a description",
    Endpoint.CREATE: "a create",
    Endpoint.PROMOTE: "a promotion",
    IMPORT: "an import",
}
