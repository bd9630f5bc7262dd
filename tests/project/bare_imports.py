"""Imports every module of the rooms, and prints what any of ours does meanwhile but define things.

python -I tests/project/bare_imports.py
"""

import importlib
import os
import pkgutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROOMS = ("config", "worker", "actors", "web", "cli", "sandbox", "identity_worker")
OURS = tuple(f"{ROOT / room}{os.sep}" for room in ROOMS)
#: Python's audit events that an import has no business with.
EVENTS = ("socket.", "subprocess.", "os.fork", "os.mkdir", "os.remove", "os.rename", "shutil.", "signal.")
#: What pydantic asks at each class of a model.
ASKED_BY_PYDANTIC = "PYDANTIC_DISABLE_PLUGINS"


def note(what: str) -> None:
    """Print what is done, if a module of ours does it at its import, itself or by calling somebody."""
    frame = sys._getframe(2)
    while frame is not None and "importlib" not in frame.f_code.co_filename:
        if frame.f_code.co_filename.startswith(OURS):
            print(f"{frame.f_code.co_filename}:{frame.f_lineno} {what}")
            return
        frame = frame.f_back


def audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Look at what Python does."""
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if event.startswith(EVENTS) or writes:
        note(event)


class Environment(dict[str, str]):
    """An empty environment that tells who reads it."""

    def __getitem__(self, name: str) -> str:
        if name != ASKED_BY_PYDANTIC:
            note(f"reads {name}")
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        if name != ASKED_BY_PYDANTIC:
            note(f"reads {name}")
        return default

    def items(self) -> Any:
        note("reads the environment")
        return super().items()


def main() -> None:
    sys.path.insert(0, str(ROOT))
    before = [signal.getsignal(number) for number in signal.valid_signals()]
    sys.addaudithook(audit)
    os.environ = Environment()  # type: ignore[assignment]  # noqa: B003  # it was empty
    for room in ROOMS:
        for module in pkgutil.walk_packages([str(ROOT / room)], f"{room}."):
            importlib.import_module(module.name)
    if threading.active_count() > 1:
        print(f"starts {threading.enumerate()}")
    if [signal.getsignal(number) for number in signal.valid_signals()] != before:
        print("sets a handler of a signal")


if __name__ == "__main__":
    main()
