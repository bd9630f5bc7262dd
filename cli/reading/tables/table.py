"""From the rows of a table to briefs: by columns that are paths, or by a template."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from cli.reading.tables import columns
from cli.reading.tables.cells import Cell, CellError, Kind, value_of
from cli.reading.tables.columns import METADATA, Column
from cli.reading.tables.errors import UsageError
from cli.reading.tables.naming import Naming
from cli.reading.tables.record import Form, Record, letter
from cli.reading.tables.template import Template
from config import text
from config.text import printable
from worker.briefs.faults import Fault, fault, path_of


class Shape(Protocol):
    """How the cells of a row become a brief."""

    def brief(self, cells: Sequence[Cell]) -> tuple[dict[str, Any], list[Fault]]:
        """Return a row's brief, and what is wrong with its cells."""


@dataclass(frozen=True)
class Table:
    """What the rows of one table have in common."""

    form: Form
    labels: Mapping[str, str]
    """The column that fills a path of the brief, as it is told."""

    def named(self, each: Fault) -> Fault:
        """Return a fault with the column in which it stands."""
        path = each.path
        while path and path not in self.labels:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        label = self.labels.get(path)
        return each if label is None else replace(each, path=f"{each.path} ({label})")


class TableRow(NamedTuple):
    """A row that may be one brief; its fields are those of `cli.reading.rows.Row`."""

    place: str
    text: str | None
    value: dict[str, Any] | None
    faults: tuple[Fault, ...]
    table: Table | None = None


def table_rows(
    records: Iterator[Record], form_of: Callable[[Record], Form], naming: Naming, unused: list[str]
) -> Iterator[TableRow]:
    """Yield the briefs of a table, whose first row that is not blank is its header. Raises UsageError.

    Columns that nothing takes cells of are added to `unused`.
    """
    header = next((each for each in records if not each.is_blank), None)
    if header is None:
        yield TableRow("", None, None, (fault((), "", "holds no brief"),))
        return
    if header.wrong is not None:
        yield TableRow(f" row {header.number}", None, None, (fault((), header.raw, header.wrong),))
        return
    names = [str(cell or "").strip() for cell in header.cells]
    shape, labels = _shape(names, naming, unused)
    table, filled = Table(form_of(header), labels), False
    for record in records:
        if not record.is_blank:
            filled = True
            yield _row(record, names, shape, table)
    if not filled:
        yield TableRow("", None, None, (fault((), "", "holds no brief: there is a header and no row"),))


def _row(record: Record, names: Sequence[str], shape: Shape, table: Table) -> TableRow:
    place = f" row {record.number}"
    faults = _layout_faults(record, names)
    brief: dict[str, Any] | None = None
    if not faults:
        brief, faults = shape.brief(record.cells)
    named = tuple(table.named(each) for each in faults)
    return TableRow(place, record.raw, None if named else brief, named, table)


def _layout_faults(record: Record, names: Sequence[str]) -> list[Fault]:
    if record.wrong is not None:
        return [fault((), record.raw.strip(), record.wrong)]
    for index, cell in enumerate(record.cells):
        if (index >= len(names) or not names[index]) and cell is not None and str(cell).strip():
            label = f"column {letter(index)}"
            many = f"the row has {len(record.cells)} cells and the header {len(names)}: " * (
                index >= len(names)
            )
            rule = f"{many}a cell needs a name of its column; one with a separator stands in quotes"
            return [Fault(path=label, value=fault((), str(cell), "").value, rule=rule)]
    return []


def _shape(names: list[str], naming: Naming, unused: list[str]) -> tuple[Shape, dict[str, str]]:
    twice = next((name for at, name in enumerate(names) if name and name in names[:at]), None)
    if twice is not None:
        raise UsageError(f"two columns are called {_quoted(twice)}")
    called = [naming.called(name) for name in names]
    labels = [f"column {letter(at)}: {printable(name)}" for at, name in enumerate(names)]
    if naming.template is not None:
        return _of_template(naming.template, names, called, labels, naming, unused)
    found = [_column(name, new, naming) if new else None for name, new in zip(names, called, strict=True)]
    unknown = [
        _unknown(name, new)
        for name, new, column in zip(names, called, found, strict=True)
        if new and column is None
    ]
    if unknown:
        raise UsageError("\n".join([*unknown, _WHAT_TO_DO]))
    by_path: dict[str, str] = {}
    for column, label in zip(found, labels, strict=True):
        if column is not None:
            told = path_of(column.path)
            if told in by_path:
                raise UsageError(f"{by_path[told]} and {label} both mean {told}: leave one out by --map")
            by_path[told] = label
    return _Columns(found), by_path


_WHAT_TO_DO = (
    "Rename it, or have it renamed or left out by --map FILE; --extra-as-metadata keeps all such columns "
    "as metadata."
)


def _column(name: str, called: str, naming: Naming) -> Column | None:
    found = columns.column(called)
    if found is None and naming.extra_as_metadata and called == name:
        return Column((METADATA, name), Kind.ANYTHING)
    return found


def _unknown(name: str, called: str) -> str:
    near = columns.nearest(called)
    meant = f"the nearest is {near}" if near else f"what a brief only carries is called metadata.{called}"
    renamed = f" (as --map renames {_quoted(name)})" if called != name else ""
    return f"column {_quoted(called)}{renamed} is no field of a brief; {meant}"


@dataclass(frozen=True)
class _Columns:
    columns: list[Column | None]

    def brief(self, cells: Sequence[Cell]) -> tuple[dict[str, Any], list[Fault]]:
        tree: dict[str, Any] = {}
        faults = []
        given = [(column, cell) for column, cell in zip(self.columns, cells, strict=False) if column]
        # Whole objects first: what other columns say of them is put into them.
        for column, cell in sorted(given, key=lambda each: len(each[0].path)):
            try:
                value = value_of(cell, column.kind, column.words)
                if value is not None:
                    columns.put(tree, column.path, value)
            except CellError as error:
                faults.append(fault(column.path, error.shown, error.rule + columns.parts_of(column)))
            except TypeError:
                rule = "must be no object or list where other columns fill it too"
                faults.append(fault(column.path, str(cell), rule))
        return tree, faults


@dataclass(frozen=True)
class _Templated:
    template: Template
    names: list[str]
    extra: list[str]
    """Columns that are kept as metadata."""

    def brief(self, cells: Sequence[Cell]) -> tuple[dict[str, Any], list[Fault]]:
        by_name = dict(zip(self.names, cells, strict=False))
        tree, faults = self.template.filled(by_name)
        for name in self.extra:
            try:
                value = value_of(by_name.get(name), Kind.ANYTHING)
                if value is not None:
                    columns.put(tree, (METADATA, name), value)
            except CellError as error:
                faults.append(fault((METADATA, name), error.shown, error.rule))
        return tree, faults


def _of_template(
    template: Template,
    names: list[str],
    called: list[str],
    labels: list[str],
    naming: Naming,
    unused: list[str],
) -> tuple[Shape, dict[str, str]]:
    places = template.places()
    undefined = [
        f"the template's place {{{printable(place)}}} is no column of the table"
        + (f"; the nearest is {_quoted(near)}" if (near := text.nearest(place, names)) else "")
        for place in places
        if place not in called
    ]
    if undefined:
        raise UsageError("\n".join([*undefined, "Name the column so, in the table or by --map FILE."]))
    left = [name for name in called if name and name not in places]
    extra = left if naming.extra_as_metadata else []
    unused += [name for name in left if name not in extra]
    label_of = dict(zip(called, labels, strict=True))
    by_path: dict[str, str] = {}
    for name, paths in places.items():
        for path in paths:
            by_path[path] = f"{by_path[path]}, {label_of[name]}" if path in by_path else label_of[name]
    by_path |= {path_of((METADATA, name)): label_of[name] for name in extra}
    return _Templated(template, called, extra), by_path


def _quoted(name: str) -> str:
    return repr(printable(name))
