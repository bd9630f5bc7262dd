"""Checks that every file of the installation is there, before a process starts."""

import csv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from cli.shared.output import fail
from config.processes import ROOMS


def check() -> None:
    """End the command unless every file is there that the installed wheel came with; the tree has no list."""
    missing = _missing() if ROOMS.name == "_rooms" else []
    if missing:
        others = f" and {len(missing) - 1} more" if missing[1:] else ""
        fail(f"this installation lacks {missing[0]}{others}: install identity-worker again")


def _missing() -> list[str]:
    """Return the files of the wheel's own record (RECORD, PEP 376) that are no more."""
    try:
        installed = distribution("identity-worker")
    except PackageNotFoundError:
        return []
    # Not `installed.files`: from Python 3.12 on it leaves out what is missing.
    names = [row[0] for row in csv.reader((installed.read_text("RECORD") or "").splitlines()) if row]
    ours = [name for name in names if name.startswith("identity_worker/") and not name.endswith(".pyc")]
    return [name for name in ours if not Path(str(installed.locate_file(name))).exists()]
