"""What is looked at in each view in a browser: axe's rules, its width, and what the keyboard reaches."""

import importlib.util
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


def wider_than_window(page: Page) -> int:
    """Return by how many pixels a page is wider than its window; 0: it does not scroll sideways."""
    return max(0, page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def focused(page: Page) -> str:
    """Return what has the focus, by its text or name."""
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.id"))
