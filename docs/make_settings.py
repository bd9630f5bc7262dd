"""Makes `settings.md`: every setting in the environment (`python -m docs.make`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config.settings import schema

PAGE = Path(__file__).parent / "settings.md"


def page() -> str:
    """Return the whole page."""
    return "\n".join(
        [
            "# Settings",
            "",
            "Made from `config/settings.py` by `python -m docs.make`; a test keeps the two the same.",
            "All are read from the environment when a process starts; `identity-worker schema settings`",
            "prints them as JSON Schema. A variable that begins with `IDENTITY_WORKER_` and is none of them",
            "is warned of at each start.",
            "",
            "| variable | default | values | unit | what it does |",
            "|---|---|---|---|---|",
            *(_row(name, described) for name, described in schema()["properties"].items()),
            "",
        ]
    )


def _row(name: str, described: dict[str, Any]) -> str:
    text = described["description"].replace("|", "\\|")
    values = ", ".join(_values(described))
    return (
        f"| `{name}` | {_shown(described.get('default'))} | {values} | {described.get('unit', '')} | {text} |"
    )


def _shown(default: Any) -> str:
    if default is None:
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _values(described: dict[str, Any]) -> Iterator[str]:
    """Yield in words what may stand there."""
    (kind,) = [each for each in described.get("anyOf", [described]) if each.get("type") != "null"]
    if "enum" in kind:
        yield " or ".join(f"`{value}`" for value in kind["enum"])
        return
    yield {"password": "a secret", "path": "a path"}.get(kind.get("format", ""), _TYPES[kind["type"]])
    bounds = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most"}
    yield from (f"{words} {kind[bound]:.15g}" for bound, words in bounds.items() if bound in kind)


_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
}
