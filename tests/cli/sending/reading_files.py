"""Reads briefs from files as `identity-worker enqueue` does."""

import io
from pathlib import Path

from cli.sending.files import How, Item, Reading


def read(*paths: Path, recursive: bool = False) -> list[Item]:
    return list(Reading(list(map(str, paths)), io.BytesIO(), How(recursive=recursive)).items())


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
