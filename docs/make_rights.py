"""Writes the smallest user of a Redis into `deploying.md`: `python -m docs.make`."""

import re
import textwrap
from pathlib import Path

from config import keys
from worker.store.rights import Command, probes

PAGE = Path(__file__).parent / "deploying.md"
_PLACE = re.compile(r"(?<=<!-- begin user -->\n).*(?=<!-- end user -->)", re.DOTALL)
#: Allowed beside what is tried at each start: what archivers read events by, what `doctor` and the start-up
#: check ask, what waits for replicas, what leaves a wait, what moves accounts to other shards, and which node
#: of a cluster has the slot. Without these, the rest runs, but in a cluster.
_MORE = (
    *(f"xgroup|{each}" for each in ("create", "createconsumer", "delconsumer", "destroy")),
    *("xreadgroup", "xack", "xautoclaim", "xinfo|groups", "xinfo|consumers"),
    *("info", "config|get", "function|list", "role", "wait", "select", "client|reply", "restore"),
    "cluster|slots",
)


def page() -> str:
    """Return the page with the user as it must be."""
    allowed = sorted({*map(_name, probes("")), *_MORE})
    patterns = [f"~{each}:*" for each in (keys.OURS, keys.DRAMATIQ)]
    rules = " ".join(
        ["ACL SETUSER worker on >PASSWORD", *patterns, "-@all", *(f"+{each}" for each in allowed)]
    )
    lines = textwrap.wrap(rules, 100, break_long_words=False, break_on_hyphens=False)
    text = "\n".join(["```", *lines, "```", ""])
    return _PLACE.sub(lambda _: text, PAGE.read_text(encoding="utf-8"))


def _name(command: Command) -> str:
    """Return a command's name as an ACL has it: with its second word where it is one of several."""
    words = command[:2] if command[0] in ("FUNCTION", "SCRIPT") else command[:1]
    return "|".join(map(str, words)).lower()
