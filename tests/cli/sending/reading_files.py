"""Reads briefs from files as `identity-worker enqueue` does."""

import io
from pathlib import Path

from cli.sending.files import Item, Reading


def read(*paths: Path, recursive: bool = False) -> list[Item]:
    return list(Reading(list(map(str, paths)), io.BytesIO(), recursive=recursive).items())


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
