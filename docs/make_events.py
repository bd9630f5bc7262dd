"""Writes the table of `events.md` from the catalogue of events: `python -m docs.make`."""

from pathlib import Path

from worker.ledger.events import CATALOGUE, Event

PAGE = Path(__file__).parent / "events.md"
BEGIN, END = "<!-- begin events -->\n", "<!-- end events -->"


def page() -> str:
    """Return the whole page: as it stands, with the table made anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


def table() -> str:
    """Return the table of all types."""
    head = ("| type | when | its data beside the common fields |", "|---|---|---|")
    return "\n".join([*head, *(_row(type_, model) for type_, model in CATALOGUE.items()), ""])


def _row(type_: str, model: type[Event]) -> str:
    fields = model.model_fields.items()
    always = [f"`{name}`" for name, field in fields if field.is_required()]
    sometimes = [f"`{name}`" for name, field in fields if not field.is_required()]
    told = "; ".join(filter(None, [", ".join(always), sometimes and "perhaps " + ", ".join(sometimes)]))
    return f"| `{type_}` | {_sentence(model)} | {told} |"


def _sentence(model: type[Event]) -> str:
    return " ".join((model.__doc__ or "").split()).removesuffix(".")
