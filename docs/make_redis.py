"""Makes `redis.md`: every key, and every field of the hashes that are records (`python -m docs.make`)."""

from collections.abc import Iterator
from pathlib import Path

from config import keys
from config.recorded.fields import Field
from config.recorded.key import Key
from config.records import RECORDS

PAGE = Path(__file__).parent / "redis.md"

_TITLES = {
    ("RECORD", "brief"): "A brief: `identity:brief:ID`",
    ("RECORD", "promotion"): "A promotion: `identity:promotion:ID#N`",
    ("RECORD", "account"): "An account: `identity:account:NAME`",
    ("BUDGET", None): "A batch: `identity:budget:BATCH`",
    ("STREAM", None): "An account's event stream: `identity:stream:NAME`",
    ("HISTORY", None): "The server that claims were made on: `identity:history`",
    ("SCHEMA", None): "The ledger's schema: `identity:schema`",
    ("HOOK", None): "An endpoint of webhooks: `identity:hook:NAME`",
    ("HOOKS_AT", None): "All endpoints: `identity:hooks-at`",
    ("ORDER", None): "An order for many briefs: `identity:order:ID`",
    ("EVENTS_SIZE", None): "The event stream for downstream: `identity:events-size`",
}


def page() -> str:
    """Return the whole page."""
    return "\n".join(
        [
            "# What is in Redis",
            "",
            "Made from `config/keys.py` and `config/records.py` by `python -m docs.make`;",
            "a test keeps them the same.",
            "A test that leaves a key or a field that is not here fails.",
            "",
            "A *subject* is what a step is about: `brief:ID`, `promotion:ID#N` (N from 0) or `account:NAME`.",
            "A `%s` is filled with what the last column names, in its order; keep_days, keep_events and",
            "keep_event_bytes are [settings](settings.md). With a namespace every key begins with that.",
            "",
            "## Keys",
            "",
            "| key | type | written by | what it holds, and how long |",
            "|---|---|---|---|",
            *map(_key, keys.ALL.values()),
            *(line for of in RECORDS for line in _record(of)),
            "",
        ]
    )


def _key(key: Key) -> str:
    return f"| `{key.template}` | {key.type} | {key.owner} | {_cell(key.lifetime)} |"


def _record(of: tuple[str, str | None]) -> Iterator[str]:
    yield from ("", f"## {_TITLES[of]}", "", "| field | type | written by | meaning |", "|---|---|---|---|")
    yield from map(_field, RECORDS[of])


def _field(field: Field) -> str:
    return f"| `{field.name}` | {field.type} | {field.writer} | {_cell(field.meaning)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
