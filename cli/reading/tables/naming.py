"""How the columns of tables are called in a brief, as far as a person says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cli.reading.tables.errors import UsageError
from cli.reading.tables.template import Template
from config.text import printable


@dataclass
class Naming:
    """How the columns of all tables of a run are to be understood, and what was found of it."""

    names: Mapping[str, str] = field(default_factory=dict)
    """What `--map` calls them; empty: it is left out."""
    template: Template | None = None
    extra_as_metadata: bool = False
    met: set[str] = field(default_factory=set)
    """Columns of `names` that a table had."""

    def called(self, name: str) -> str:
        """Return what a column is called in a brief, and note that it was met; its case does not count."""
        folded = (each for each in self.names if each.casefold() == name.casefold())
        known = name if name in self.names else next(folded, None)
        if known is None:
            return name
        self.met.add(known)
        return self.names[known]

    def check_all_met(self) -> None:
        """Raise UsageError for a column of the map that no table had."""
        for name in self.names.keys() - self.met:
            raise UsageError(f"--map: no table has a column {printable(name)!r}")
