"""Writes what each room says of itself into `how-it-works.md`: `python -m docs.make`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).parent / "how-it-works.md"
HOUSE = ("config", "worker", "actors", "web", "cli", "sandbox", "identity_worker")
_PLACE = re.compile(r"(?<=<!-- begin rooms -->\n).*(?=<!-- end rooms -->)", re.DOTALL)


def page() -> str:
    """Return the page with the table as it must be."""
    rows = "".join(f"| {room} | {purpose} |\n" for room, purpose in rooms())
    return _PLACE.sub(
        lambda _: f"| room | what is in it |\n|---|---|\n{rows}", PAGE.read_text(encoding="utf-8")
    )


def rooms() -> Iterator[tuple[str, str]]:
    """Yield each room, as a link to its folder, and the first paragraph of its docstring."""
    for path in (each for room in HOUSE for each in sorted((ROOT / room).rglob("__init__.py"))):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        name = path.parent.relative_to(ROOT).as_posix()
        yield f"[{name}](../{name})", " ".join(said.partition("\n\n")[0].split())
