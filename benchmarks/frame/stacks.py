"""Reads what profiled.py has noted, and sums it up: whose code, which function, for which line of ours."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_FRAME = re.compile(r'  File "(?P<path>[^"]+)", line (?P<line>\d+) in (?P<function>.+)')
_ROOT = f"{Path(__file__).parents[2]}/"
_INSTALLED = "/site-packages/"
#: Of the frames of Python's own library: their cost is counted to whoever called them.
PYTHON = "python"


class Frame(NamedTuple):
    """One call on the stack: whose code it is, in which file, which function, which line."""

    owner: str
    file: str
    function: str
    line: int

    @property
    def where(self) -> str:
        """Return the function with its file."""
        return f"{self.function} ({self.file})"


Stack = tuple[Frame, ...]
"""The innermost call first."""


def read(text: str) -> Iterator[Stack]:
    """Return the stacks of what a process has noted; the last one may not be whole, and is left out."""
    for noted in text.split("Stack (most recent call first):\n")[1:-1]:
        frames = tuple(_frame(found) for line in noted.splitlines() if (found := _FRAME.match(line)))
        if frames:
            yield frames


def by_owner(stacks: list[Stack]) -> Counter[str]:
    """Count whose code the processor was at."""
    return Counter(_owner(stack).owner for stack in stacks)


def by_function(stacks: list[Stack]) -> Counter[str]:
    """Count the innermost functions."""
    return Counter(stack[0].where for stack in stacks)


def by_caller(stacks: list[Stack]) -> Counter[str]:
    """Count functions with all that they have called."""
    return Counter(where for stack in stacks for where in {frame.where for frame in stack})


def by_our_line(stacks: list[Stack]) -> Counter[str]:
    """Count the innermost lines of ours: what was asked for there took so long."""
    ours = (next((frame for frame in stack if _is_ours(frame)), None) for stack in stacks)
    return Counter(f"{each.file}:{each.line} {each.function}" if each else "-" for each in ours)


def _frame(found: re.Match[str]) -> Frame:
    path = found["path"]
    if path.startswith(_ROOT) and _INSTALLED not in path:
        file = path.removeprefix(_ROOT)
        owner = "/".join(Path(file).parts[:-1]) or file
    elif _INSTALLED in path:
        file = path.partition(_INSTALLED)[2]
        owner = Path(file).parts[0]
    else:
        file, owner = Path(path).name, PYTHON
    return Frame(owner, file, found["function"], int(found["line"]))


def _owner(stack: Stack) -> Frame:
    return next((frame for frame in stack if frame.owner != PYTHON), stack[-1])


def _is_ours(frame: Frame) -> bool:
    return frame.owner.partition("/")[0] in ("actors", "worker", "config", "cli", "web")
