"""Archivers in this process, as the command runs them, and what they leave."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from stepping import Flow

from actors.archiver import Archiver
from actors.process.ending import Ending
from config import keys
from config.accounts.account import Account
from config.accounts.live import all_new
from config.accounts.names import DEFAULT
from worker.export.fetching import open_pictures
from worker.network.pool import open_pool
from worker.places.names import digest
from worker.places.target import Target
from worker.places.targets import Folder, open_target
from worker.store.connection import connect
from worker.views import outbox

ARCHIVED = "identity.archived"


@contextmanager
def archiver(flow: Flow, place: Path | str | Target) -> Iterator[Archiver]:
    """Yield an archiver with connections of its own, whose group is there."""
    target = open_target(str(place)) if isinstance(place, str | Path) else place
    url = flow.settings.redis_url
    assert url is not None
    with (
        connect(url.get_secret_value()) as client,
        open_pictures(flow.api.url) as pictures,
        open_pool() as api,
        Ending() as ending,
    ):
        running = Archiver(client, flow.settings, target, ending, pictures=pictures, api=api)
        running.change(all_new({DEFAULT: Account(name=DEFAULT, token=SecretStr(flow.api.token))}))
        running.backlog.open()
        yield running


def contents(target: Folder) -> dict[str, bytes | None]:
    """Return what lies at a place, by path."""
    return {each.path: target.read(each.path) for each in target.files("")}


def told(flow: Flow, target: Target) -> list[dict[str, Any]]:
    """Return what was told of the archive at a place, the oldest first."""
    events = [entry.event for entry in outbox.read(flow.client, count=10_000)]
    return [each.data for each in events if each.type == ARCHIVED and each.data["place"] == target.name]


def on_record(flow: Flow, brief_id: str) -> dict[str, Any]:
    """Return what a brief's record says of the archive."""
    found: dict[str, Any] = json.loads(flow.brief(brief_id).get("archived") or "{}")
    return found


def look_of(place: Path | str) -> str:
    """Return the key of the right to look for what is not at a place."""
    return keys.ARCHIVE_LOOK(digest(str(place)))


def right_to(place: Path | str, brief_id: str) -> str:
    """Return the key of the right to archive a brief at a place."""
    return keys.ARCHIVING(f"{digest(str(place))}:{brief_id}")


def pending(flow: Flow) -> int:
    """Return how many events are in the hands of archivers."""
    return sum(int(each["pending"]) for each in flow.client.xinfo_groups(keys.EVENTS()))


def caught_up(flow: Flow) -> bool:
    """Return whether archivers were handed all events, at each place."""
    [last] = flow.client.xrevrange(keys.EVENTS(), count=1)
    groups = flow.client.xinfo_groups(keys.EVENTS())
    return all(each["last-delivered-id"] == last[0] for each in groups)
