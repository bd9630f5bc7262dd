"""What is looked at in each view in a browser: axe's rules, its width, what is spoken, what keys reach."""

import importlib.util
import re
from collections import Counter
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

#: axe-core as a package brings it.
_AXE = Path(str(importlib.util.find_spec("axe_playwright_python").origin)).with_name("axe.min.js")
_SERIOUS = ("serious", "critical")


def axe_findings(page: Page) -> list[str]:
    """Return what axe-core finds that is serious or worse: the rule, and where."""
    # Evaluated, not added: the page's policy lets in no script of others.
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found: Any = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in _SERIOUS
        for node in each["nodes"]
    ]


_ACTS = "button|link|textbox|searchbox|combobox|radio|checkbox|spinbutton"
_UNNAMED = re.compile(rf'\s*- ({_ACTS})(?! ")')
_BUTTON = re.compile(r'- button "((?:[^"\\]|\\.)*)"')


def spoken_faults(page: Page) -> list[str]:
    """Return what whoever hears the page can't tell apart: what has no name, buttons of one name, headings.

    By the accessibility tree, which is what a browser gives to screen readers.
    """
    tree = page.locator("body").aria_snapshot()
    lines = tree.splitlines()
    unnamed = [f"no name: {line.strip()}" for line in lines if _UNNAMED.match(line)]
    alike = [
        f"{times} buttons: {name}" for name, times in Counter(_BUTTON.findall(tree)).items() if times > 1
    ]
    titles = sum("- heading" in line and "[level=1]" in line for line in lines)
    return [*unnamed, *alike, *([] if titles == 1 else [f"{titles} titles"])]


def wider_than_window(page: Page) -> int:
    """Return by how many pixels a page is wider than its window; 0: it does not scroll sideways."""
    return max(0, page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def focused(page: Page) -> str:
    """Return what has the focus, by its text or name."""
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.id"))
