"""The documentation: its links lead somewhere, its first page is short, what is made is as it is made."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from project.every import every
from project.rooms import HOUSE

from docs import make_demo

ROOT = Path(__file__).parents[3]
FOLDERS = (ROOT, ROOT / "docs", ROOT / "tests", *(ROOT / "examples").glob("*"))
PAGES = sorted(page for folder in FOLDERS for page in folder.glob("*.md"))
_LINK = re.compile(r"\]\((?!https?://)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


#: A file that code speaks of, by its path from the root, from its own folder, or from `worker` or `tests`.
_NAMED = re.compile(r"(?<![\w/.:-])[a-z_]\w*(?:/[\w-]+)+\.(?:py|lua|md)\b")
CODE = sorted(
    path for house in HOUSE for ending in ("*.py", "*.lua") for path in (ROOT / house).rglob(ending)
)

#: The pages without their code.
PROSE = {page: _FENCED.sub("", page.read_text(encoding="utf-8")) for page in PAGES}


def anchors(page: Path) -> set[str]:
    """Of each heading the anchor that the hosts of repositories give it."""
    headings = re.findall(r"^#+ (.+)$", PROSE[page], re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


ANCHORS = {page: anchors(page) for page in PAGES}


def broken(page: Path) -> Iterator[str]:
    for link in _LINK.finditer(PROSE[page]):
        target = (page.parent / link["path"]).resolve() if link["path"] else page
        if not target.exists():
            yield f"{link[0]}: there is no such file"
        elif link["anchor"] and link["anchor"] not in ANCHORS[target]:
            yield f"{link[0]}: the page has no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, left = set[Path](), [ROOT / "README.md"]
    while left:
        page = left.pop()
        reached.add(page)
        linked = {(page.parent / link["path"]).resolve() for link in _LINK.finditer(PROSE[page])}
        left += [each for each in linked if each.suffix == ".md" and each.exists() and each not in reached]
    assert [page.name for page in PAGES if page not in reached] == []


def test_the_readme_is_a_front_door() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_glossary_is_short_and_in_order() -> None:
    words = re.findall(r"^\*\*(.+?)\*\*: ", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert len(words) <= 40
    assert words == sorted(words, key=str.lower)


def test_every_decision_is_in_the_index() -> None:
    index, *_ = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8").partition("<!-- end index -->")
    listed = {link["anchor"] for link in _LINK.finditer(index)}
    assert anchors(ROOT / "docs" / "decisions.md") - listed == {"decisions"}


def test_a_recorded_screen_shows_what_a_terminal_would() -> None:
    screen = make_demo.Screen()
    for written in ("first\r\nsec", "ond\r\n\x1b[1", "A\r\x1b[2K\x1b[1mthird\x1b[0m\r\n", "\x1b[?25h"):
        screen.feed(written)
    assert screen.lines == ["first", "\x1b[1mthird\x1b[0m", ""]


def test_a_recording_ends_with_the_command_s_last_words() -> None:
    words = f"echo {make_demo.LIVE}; echo done"
    *_, (_, lines) = make_demo.record([shutil.which("sh") or "sh", "-c", words])
    assert lines == [make_demo.LIVE, "done", ""]
    assert ">done</text>" in make_demo.draw(make_demo.pick([(0.0, [make_demo.LIVE]), (1.0, lines)]))


@every(CODE)
def test_each_file_that_code_speaks_of_is_there(path: Path) -> None:
    places = (ROOT, path.parent, ROOT / "worker", ROOT / "tests")
    # A name in capitals stands for any.
    named = {
        name for name in _NAMED.findall(path.read_text(encoding="utf-8")) if not re.search("[A-Z]", name)
    }
    assert {name for name in named if not any((place / name).exists() for place in places)} == set()
