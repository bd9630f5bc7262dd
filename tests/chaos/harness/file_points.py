"""Crash points at files: what a process does in a folder or with a bucket, at any of which it can die."""

import sys
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.chaos.harness.recording import Recorder, wrap

#: What Python says of before it is done (its table of audit events), and is a change of a folder.
_CHANGES = {"open", "os.mkdir", "os.remove", "os.rename", "os.truncate"}
#: What is asked of a bucket.
_REQUESTS = ("get", "list", "list_with_delimiter", "put")


def watch_files(recorder: Recorder, place: str) -> None:
    """Watch what is done below a folder, or with buckets if the place is one."""
    if "://" in place:
        _watch_bucket(recorder, urlsplit(place).path.strip("/"))
        return
    folder = Path(place)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _CHANGES and isinstance(args[0], str) and Path(args[0]).is_relative_to(folder):
            # The goal of a renaming tells more than what is renamed.
            path = Path(args[1]) if event == "os.rename" else Path(args[0])
            recorder.before(f"file {event} {path.relative_to(folder)}")

    sys.addaudithook(hook)


def _watch_bucket(recorder: Recorder, below: str) -> None:
    import obstore

    for name in _REQUESTS:
        wrap(obstore, name, partial(_request, name, below), recorder)


def _request(name: str, below: str, _: Any, path: Any = None, *__: Any, prefix: str | None = None) -> str:
    return f"bucket {name} {(path or prefix or '').removeprefix(below)}"
