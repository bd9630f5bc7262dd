"""The file of `--map`: what the columns of a table are called in a brief."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from cli.reading.tables.errors import UsageError
from config.text import printable

#: The table in which the names may stand.
_TABLE = "columns"


def read_map(path: Path) -> dict[str, str]:
    """Return the new names by the columns' own; an empty one leaves a column out. Raises UsageError."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"--map {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--map {path}: must be TOML in UTF-8: {error}") from error
    names = given[_TABLE] if set(given) == {_TABLE} else given
    if not isinstance(names, Mapping) or not names:
        raise UsageError(f'--map {path}: must hold lines as in "Hair colour" = "hair.color"')
    wrong = [name for name, new in names.items() if not isinstance(new, str | bool) or new is True]
    if wrong:
        raise UsageError(
            f"--map {path}: {printable(wrong[0])!r}: must be a text in quotes, the name in a brief; "
            'a name with a dot stands in quotes too; "" leaves the column out'
        )
    return {name.strip(): new or "" for name, new in names.items()}
