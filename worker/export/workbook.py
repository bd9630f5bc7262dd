"""What an export has read and done so far: rows of the index, files that are there, names that are given.

Kept in a private database on disk that ends with the process, so that memory stays the same however large
the batch is (SQLite, *Temporary databases*).
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from posixpath import normpath
from typing import Any

from worker.export.pictures import Stored
from worker.marking.copies import Copy
from worker.places.names import folded
from worker.places.scratch import ScratchError
from worker.places.target import There

_TABLES = """
CREATE TABLE rows (batch, accepted_at, brief_id, key, row, PRIMARY KEY (batch, brief_id, key)) WITHOUT ROWID;
CREATE TABLE files (path PRIMARY KEY, size) WITHOUT ROWID;
CREATE TABLE bases (batch, folded, many, PRIMARY KEY (batch, folded)) WITHOUT ROWID;
CREATE TABLE ranks (brief_id PRIMARY KEY, rank) WITHOUT ROWID;
CREATE TABLE tallies (brief_id PRIMARY KEY, tally) WITHOUT ROWID;
CREATE TABLE folders (batch, folded, brief_id, PRIMARY KEY (batch, folded)) WITHOUT ROWID;
"""

#: A row of the index, as JSON has it.
Row = dict[str, Any]


class Workbook:
    """The workbook of one export; `batch` always means a batch's folder.

    Threads may ask for sizes while one writes.
    """

    def __init__(self) -> None:
        # SQLite itself lets one thread in at a time (sqlite3.threadsafety is 3).
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(_TABLES)
        self._db.execute("BEGIN")

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator["Workbook"]:
        """Yield an empty one, which ends with the block. Raises ScratchError where it finds no room."""
        try:
            with closing(cls()) as workbook:
                yield workbook
        except sqlite3.OperationalError as error:
            raise ScratchError(str(error)) from error

    def close(self) -> None:
        """Remove all of it."""
        self._db.close()

    # Files of the target.

    def add_files(self, files: Iterable[There]) -> None:
        """Note which files are there."""
        self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?)", files)

    def size(self, path: str) -> int | None:
        """Return a file's size, None where there is none."""
        found = self._db.execute("SELECT size FROM files WHERE path = ?", (path,)).fetchone()
        return None if found is None else int(found[0])

    # Names.

    def is_ranked(self, brief_id: str) -> bool:
        """Return whether `rank` was asked for a brief."""
        return self._known_rank(brief_id) is not None

    def rank(self, batch: str, base: str, brief_id: str) -> int:
        """Return which brief of its batch with this name this is, from 1; ask in the order of arrival."""
        if (known := self._known_rank(brief_id)) is not None:
            return known
        counted = (
            "INSERT INTO bases VALUES (?, ?, 1) "
            "ON CONFLICT (batch, folded) DO UPDATE SET many = many + 1 RETURNING many"
        )
        ((rank,),) = self._db.execute(counted, (batch, folded(base))).fetchall()
        self._db.execute("INSERT INTO ranks VALUES (?, ?)", (brief_id, rank))
        return int(rank)

    def _known_rank(self, brief_id: str) -> int | None:
        known = self._db.execute("SELECT rank FROM ranks WHERE brief_id = ?", (brief_id,)).fetchone()
        return None if known is None else int(known[0])

    def take(self, batch: str, name: str, brief_id: str) -> bool:
        """Return whether a folder of this name is the brief's; one that was nobody's becomes its own."""
        of = (batch, folded(name))
        self._db.execute("INSERT OR IGNORE INTO folders VALUES (?, ?, ?)", (*of, brief_id))
        query = "SELECT brief_id FROM folders WHERE batch = ? AND folded = ?"
        return bool(self._db.execute(query, of).fetchone()[0] == brief_id)

    # What was counted of briefs.

    def tally(self, brief_id: str, now: Mapping[str, int]) -> dict[str, int]:
        """Note what counts of a brief; return how much more that is than what was noted of it before."""
        query = "SELECT tally FROM tallies WHERE brief_id = ?"
        found = self._db.execute(query, (brief_id,)).fetchone()
        before = {} if found is None else json.loads(found[0])
        self._db.execute("INSERT OR REPLACE INTO tallies VALUES (?, ?)", (brief_id, json.dumps(now)))
        return {name: number - before.get(name, 0) for name, number in now.items()}

    # Rows of the index.

    def put(self, batch: str, key: str, row: Row) -> None:
        """Note a row: `key` tells it from the others of its brief."""
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        given = (batch, row["accepted_at"], row["brief_id"], key, text)
        self._db.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)", given)

    def of_brief(self, batch: str, brief_id: str) -> dict[str, Row]:
        """Return a brief's rows by their keys."""
        query = "SELECT key, row FROM rows WHERE batch = ? AND brief_id = ?"
        return {key: json.loads(row) for key, row in self._db.execute(query, (batch, brief_id))}

    def remove(self, batch: str, brief_id: str, keys: Iterable[str]) -> None:
        """Forget rows of a brief."""
        query = "DELETE FROM rows WHERE batch = ? AND brief_id = ? AND key = ?"
        self._db.executemany(query, [(batch, brief_id, key) for key in keys])

    def rows(self, batch: str) -> Iterator[Row]:
        """Yield a batch's rows in the order in which their briefs came."""
        query = "SELECT row FROM rows WHERE batch = ? ORDER BY accepted_at, brief_id, length(key), key"
        return (json.loads(row) for (row,) in self._db.execute(query, (batch,)))


def stored_of(batch: str, row: Mapping[str, Any]) -> tuple[int, Stored] | None:
    """Return the picture that a row of an index tells of, by the draft's id; None: of none that is stored."""
    try:
        if row["file"] is None:
            return None
        stored = Stored(
            normpath(f"{batch}/{row['file']}"), str(row["sha256"]), int(row["size"]), row["marks"]
        )
        return int(row["image_result_id"]), stored
    except (LookupError, TypeError, ValueError):
        return None  # somebody else's index


def copy_of(batch: str, row: Mapping[str, Any]) -> tuple[int, Copy] | None:
    """Return the marked copy that a row tells of, by the draft's id; None: of none."""
    try:
        if row["marked_file"] is None:
            return None
        copy = Copy(
            normpath(f"{batch}/{row['marked_file']}"), str(row["marked_sha256"]), int(row["marked_size"])
        )
        return int(row["image_result_id"]), copy
    except (LookupError, TypeError, ValueError):
        return None
