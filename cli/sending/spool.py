"""Keeps the briefs of a run on disk while they are checked and sent, in SQLite's own temporary file."""

import errno
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from cli.reading.tables.table import Table
from cli.reading.text import encoded
from cli.sending.files import Item
from cli.sending.outgoing import Outgoing, Status, Takes
from worker.briefs.faults import Fault
from worker.ledger.arrivals import Arrived, Bought, Outcome

#: Briefs that are read at once.
_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE briefs (
    number INTEGER PRIMARY KEY, file INTEGER, place TEXT, original BLOB, in_table INTEGER, text TEXT,
    brief_id TEXT, takes TEXT, notes TEXT, faults TEXT, status TEXT, arrived TEXT, same_as TEXT
);
CREATE TABLE claims (brief_id TEXT PRIMARY KEY, said TEXT, number INTEGER) WITHOUT ROWID;
CREATE TABLE made (file INTEGER, brief_id TEXT, count INTEGER, PRIMARY KEY (file, brief_id)) WITHOUT ROWID;
"""


class Spool:
    """The briefs of one run in their order. What changes of one is kept by `save`."""

    def __init__(self) -> None:
        # Without a name it is SQLite's own temporary file: a small part is in memory, nobody else sees it.
        # One thread uses it, and Python may have any end it.
        self._base = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.executescript(_SCHEMA)
        self._base.execute("BEGIN")
        self._count = 0
        self._files: dict[str, int] = {}
        self._names: list[str] = []
        self._tables: list[Table] = []

    def __del__(self) -> None:
        self._base.close()

    def add(self, each: Outgoing) -> None:
        """Put a brief behind the others."""
        self._count += 1
        each.number = self._count
        item = each.item
        original = None if item.text is None else encoded(item.text)
        self._run(
            f"INSERT INTO briefs VALUES ({', '.join('?' * 13)})",  # noqa: S608  # no value stands in it
            (
                *(each.number, self._file(item.file), item.place, original, self._table(item.table)),
                *(each.text, json.dumps(each.brief_id), json.dumps(each.takes), _dumped(each.notes)),
                *_changing(each),
            ),
        )

    def save(self, each: Outgoing) -> None:
        """Keep what became of a brief."""
        self._run(
            "UPDATE briefs SET faults = ?, status = ?, arrived = ?, same_as = ? WHERE number = ?",
            (*_changing(each), each.number),
        )

    def first_of(self, brief_id: str, said: str, number: int) -> tuple[str, str] | None:
        """Return what the first brief of this id says (a digest) and its source; None: this is the first."""
        found = self._run("SELECT said, number FROM claims WHERE brief_id = ?", (brief_id,)).fetchone()
        if found is None:
            self._run("INSERT INTO claims VALUES (?, ?, ?)", (brief_id, said, number))
            return None
        ((file, place),) = self._run(
            "SELECT file, place FROM briefs WHERE number = ?", (found[1],)
        ).fetchall()
        return found[0], self._names[file] + place

    def count_of(self, file: str, made_id: str) -> int:
        """Count that one more brief of a file would have this id, and return how many these are."""
        which = (self._file(file), made_id)
        self._run("INSERT INTO made VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1", which)
        found = self._run("SELECT count FROM made WHERE file = ? AND brief_id = ?", which)
        return int(found.fetchone()[0])

    @property
    def next_number(self) -> int:
        """The number that the next brief gets."""
        return self._count + 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Outgoing]:
        return self.of(*Status)

    def of(self, *statuses: Status) -> Iterator[Outgoing]:
        """Yield the briefs that have one of these statuses when they are read, in their order."""
        return (each for some in self.groups(_AT_ONCE, *statuses) for each in some)

    def groups(self, most: int, *statuses: Status) -> Iterator[Sequence[Outgoing]]:
        """Yield them some at a time; they may be saved meanwhile."""
        last = 0
        marks = ", ".join("?" * len(statuses))
        query = f"SELECT * FROM briefs WHERE number > ? AND status IN ({marks}) ORDER BY number LIMIT ?"  # noqa: S608  # marks are `?`
        while rows := self._run(query, (last, *statuses, most)).fetchall():
            last = rows[-1][0]
            yield [self._read(row) for row in rows]

    def counts(self) -> dict[Status, int]:
        """Return how many briefs have each status, in the order of the first of each."""
        found = self._run("SELECT status, count(*) FROM briefs GROUP BY status ORDER BY min(number)")
        return {Status(status): count for status, count in found}

    def takings(self) -> Iterator[Takes]:
        """Yield what each valid brief takes."""
        rows = self._run("SELECT takes FROM briefs WHERE status = ? ORDER BY number", (Status.VALID,))
        return (Takes(*json.loads(takes)) for (takes,) in rows)

    def _run(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Raises OSError where the disk of temporary files is full, as other files do."""
        try:
            return self._base.execute(query, values)
        except sqlite3.OperationalError as error:
            raise OSError(
                errno.EIO, f"the temporary file of the briefs: {error}; make room, or set TMPDIR"
            ) from error

    def _file(self, name: str) -> int:
        if name not in self._files:
            self._files[name] = len(self._names)
            self._names.append(name)
        return self._files[name]

    def _table(self, table: Table | None) -> int | None:
        if table is None:
            return None
        if not self._tables or self._tables[-1] is not table:
            self._tables.append(table)
        return len(self._tables) - 1

    def _read(self, row: tuple[Any, ...]) -> Outgoing:
        number, file, place, original, in_table, text, brief_id, takes, notes, faults, status, came, same = (
            row
        )
        table = None if in_table is None else self._tables[in_table]
        raw = None if original is None else original.decode("utf-8", "surrogateescape")
        item = Item(self._names[file], place, None, (), raw, table)
        found = json.loads(takes)
        return Outgoing(
            item,
            text,
            json.loads(brief_id),
            None if found is None else Takes(*found),
            json.loads(notes or "[]"),
            [Fault(**each) for each in json.loads(faults or "[]")],
            Status(status),
            None if came is None else _arrived(json.loads(came)),
            None if same is None else json.loads(same),
            number,
        )


def _changing(each: Outgoing) -> tuple[str | None, ...]:
    faults = [asdict(fault) for fault in each.faults]
    arrived = None if each.arrived is None else json.dumps(asdict(each.arrived))
    same = None if each.same_as is None else json.dumps(each.same_as)
    return _dumped(faults), each.status, arrived, same


def _dumped(found: Sequence[Any]) -> str | None:
    return json.dumps(found) if found else None


def _arrived(said: dict[str, Any]) -> Arrived:
    bought = said.pop("bought")
    return Arrived(
        Outcome(said["outcome"]),
        said["state"],
        tuple(said["differs"]),
        None if bought is None else Bought(**bought) if isinstance(bought, dict) else Bought(*bought),
    )
