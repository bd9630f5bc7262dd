"""The filter: which briefs are meant, as one frozen value, however it was written.

`filter_of` reads it from pairs of a field and a text, as options and the one-line language
(`worker/selection/language.py`) give them. Of one field given several times any may hold, of different
fields all must.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from config.errors import IdentityWorkerError
from config.text import nearest, printable
from worker.briefs.choices import BriefKind
from worker.ledger.kinds import KINDS, Kind
from worker.ledger.states import BRIEF
from worker.selection.metadata import value_at
from worker.selection.moments import MOMENT_RULE, Moment, moment
from worker.views.counts import Where
from worker.views.models import BriefView

#: States that stand for several: what is under way, and what has ended.
OPEN, FINISHED = "open", "finished"
STATES = (*BRIEF, OPEN, FINISHED)
#: What is asked for itself: a promotion is a part of its brief.
_RECORDS = tuple(str(kind) for kind, product in KINDS.items() if product.parent is None)
_KINDS = (*_RECORDS, *map(str, BriefKind))
#: What begins the name of a field of the metadata.
META = "meta."
#: Characters of a value that an error repeats.
_SHOWN = 60


class FilterError(IdentityWorkerError, ValueError):
    """Raised when a filter can't be read; names the field, the value and the rule."""

    def __init__(self, field: str, value: str, rule: str) -> None:
        shown = printable(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")
        super().__init__(f"{field} '{shown}': {rule}")
        self.field, self.value, self.rule = field, value, rule


@dataclass(frozen=True)
class Filter:
    """Which briefs are meant; an empty filter means all."""

    state: tuple[str, ...] = ()
    """Names of states, `open`, `finished`."""
    account: tuple[str, ...] = ()
    batch: tuple[str, ...] = ()
    """`""` means those in no batch."""
    error: tuple[str, ...] = ()
    """Texts that stand somewhere in what went wrong, upper or lower case."""
    kind: tuple[str, ...] = ()
    """Kinds of records, and what briefs ask for: `identity`, `description`, `import`."""
    older: Moment | None = None
    """Accepted at that time or before."""
    newer: Moment | None = None
    """Accepted after that time."""
    meta: tuple[tuple[str, str], ...] = ()
    """Keys of the metadata, `a.b` for one inside an object, with their values."""
    limit: int | None = None
    """At most so many."""
    after: str | None = None
    """The cursor of a brief (`Selected.cursor`): only those that come after it."""
    stopped: bool = False
    """Of those that are done only some are looked at: of which a promotion has failed. No text says it."""

    @property
    def chooses(self) -> bool:
        """Whether the filter has any condition; limit and cursor only cut the result into pages."""
        return any((self.state, self.account, self.batch, self.error, self.kind, self.meta)) or (
            (self.older, self.newer) != (None, None)
        )

    @property
    def is_counted(self) -> bool:
        """Whether the ledger's counts tell how many briefs match: they know state, account and batch."""
        whole = Filter(state=self.state, account=self.account, batch=self.batch)
        return replace(self, limit=None, after=None) == whole

    def counts(self, where: Where) -> bool:
        """Return whether what is counted here is meant, or may be if the filter is not `is_counted`."""
        return (
            where.state in self.states
            and (not self.account or where.account in self.account)
            and (not self.batch or where.batch in self.batch)
        )

    @property
    def states(self) -> frozenset[str]:
        """The states that are meant, each by its own name."""
        if not self.state:
            return frozenset(BRIEF)
        groups = {
            OPEN: {name for name, state in BRIEF.items() if not state.final},
            FINISHED: {name for name, state in BRIEF.items() if state.final},
        }
        return frozenset(name for each in self.state for name in groups.get(each, {each}))

    def matches(self, brief: BriefView) -> bool:
        """Return whether a brief is meant, as it stood when it was read; limit and cursor do not count."""
        return (
            brief.state in self.states
            and (not self.account or brief.account in self.account)
            and (not self.batch or (brief.batch or "") in self.batch)
            and self.of_kind(brief.brief_id, brief.kind)
            and self.in_time(brief.accepted_at, brief.read_at)
            and self.has_error(_said_wrong(brief))
            and self.has_metadata(brief.metadata)
        )

    def of_kind(self, brief_id: str, asks_for: str | None) -> bool:
        """Return whether a record is meant by its kind; `asks_for` is that of a brief, None for identities.

        The records of other kinds are called `KIND/ID` in the index, a brief by its id alone.
        """
        if not self.kind:
            return True
        kind, slash, _ = brief_id.partition("/")
        if slash and kind in _RECORDS:
            return kind in self.kind
        return Kind.BRIEF in self.kind or (asks_for or BriefKind.IDENTITY) in self.kind

    def in_time(self, accepted_at: float, now: int) -> bool:
        """Return whether it was accepted in the time that is meant."""
        return (self.older is None or accepted_at <= self.older.at(now)) and (
            self.newer is None or accepted_at > self.newer.at(now)
        )

    def has_error(self, said: Iterable[str | None]) -> bool:
        """Return whether one of the wanted texts stands in what was said to have gone wrong."""
        text = "\n".join(each for each in said if each).casefold()
        return not self.error or any(wanted.casefold() in text for wanted in self.error)

    def has_metadata(self, metadata: dict[str, Any]) -> bool:
        """Return whether a brief's metadata has what is wanted of it."""
        names = dict.fromkeys(name for name, _ in self.meta)
        return all(
            any(_is(value_at(metadata, name), text) for key, text in self.meta if key == name)
            for name in names
        )


def _said_wrong(brief: BriefView) -> Iterator[str | None]:
    yield from (brief.error, brief.question)
    yield from (promotion.error for promotion in brief.promotions)
    yield from (f"{fault.get('path')}: {fault.get('rule')}" for fault in brief.faults)


def filter_of(given: Iterable[tuple[str, str]]) -> Filter:
    """Return the filter that these fields and texts say; raises FilterError."""
    many: dict[str, list[str]] = {}
    meta: list[tuple[str, str]] = []
    once: dict[str, str] = {}
    for field, text in given:
        if field.startswith(META):
            meta.append(_metadata(field, text))
        elif field in _MANY:
            many.setdefault(field, []).extend(_values(field, text))
        elif field not in _ONCE:
            raise FilterError(field, text, f"is no field of a filter{_meant(field, FIELDS)}; {_KNOWN}")
        elif field in once:
            raise FilterError(field, text, f"is given twice, and was {once[field]!r} before")
        else:
            once[field] = text
    lists: dict[str, Any] = {field: tuple(dict.fromkeys(values)) for field, values in many.items()}
    return Filter(
        **lists,
        meta=tuple(dict.fromkeys(meta)),
        older=_moment("older", once),
        newer=_moment("newer", once),
        limit=_limit(once.get("limit")),
        after=_cursor(once.get("after")),
    )


_MANY = ("state", "account", "batch", "error", "kind")
_ONCE = ("older", "newer", "limit", "after")
FIELDS = (*_MANY, "older", "newer", f"{META}KEY", "limit", "after")
_KNOWN = f"known: {', '.join(FIELDS)}"
#: Fields of which several values may stand in one text, with commas: no such value has one.
_LISTS = {"state": STATES, "account": None, "kind": _KINDS}


def _values(field: str, text: str) -> list[str]:
    if field not in _LISTS:
        if not text and field != "batch":
            raise FilterError(field, text, "must be a text")
        return [text]
    known, values = _LISTS[field], text.split(",")
    for value in values:
        if not value or (known is not None and value not in known):
            rule = f"must be one of {', '.join(known)}" if known is not None else "must be a name"
            raise FilterError(field, value, rule + _meant(value, known or ()))
    return values


def _meant(value: str, known: Iterable[str]) -> str:
    near = nearest(value, known)
    return "" if near is None or near == value else f" (is {near} meant?)"


def _metadata(field: str, text: str) -> tuple[str, str]:
    name = field.removeprefix(META)
    if not name:
        raise FilterError(field, text, "must name a key of the metadata, as meta.sku")
    return name, text


def _moment(field: str, given: dict[str, str]) -> Moment | None:
    if field not in given:
        return None
    found = moment(given[field])
    if found is None:
        raise FilterError(field, given[field], MOMENT_RULE)
    return found


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise FilterError("limit", text, "must be a whole number from 1")
    return int(text)


def _cursor(text: str | None) -> str | None:
    if text is not None:
        score, colon, brief_id = text.partition(":")
        if not (score.isascii() and score.isdecimal() and colon and brief_id) or len(score) > 15:
            raise FilterError("after", text, "must be a cursor as it was printed with a page")
    return text


def _is(value: Any, text: str) -> bool:
    """Return whether a value is what a person means by this text: 4711 means the number and the text."""
    if value is None or isinstance(value, str):
        return value == text if value is not None else text == "null"
    return text == json.dumps(value, ensure_ascii=False)
