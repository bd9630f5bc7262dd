"""Exports in this process, as the command makes them, and what they leave."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from stepping import Flow

from worker.export.exporting import Counts, Export, Order, exporting
from worker.export.pictures import Wanted
from worker.marking.reading import read_marks
from worker.marking.signing import Marker
from worker.network.pool import Pool
from worker.piktid.client import PiktID
from worker.places.target import Target
from worker.places.targets import open_target
from worker.selection.filter import Filter
from worker.selection.selecting import select


@contextmanager
def opened(
    flow: Flow,
    to: Target,
    *,
    names: str = "{brief_id}",
    wanted: Wanted = "chosen",
    marker: Marker | None = None,
) -> Iterator[Export]:
    """Open an export of a flow's briefs."""

    def apis(pool: Pool) -> dict[str, PiktID]:
        return {"default": PiktID(pool, flow.api.url, SecretStr(flow.api.token))}

    order = Order(wanted, names, lambda content: read_marks(content).as_json(), marker)
    with exporting(flow.client, to, order, flow.api.url, apis) as running:
        yield running


def export(
    flow: Flow, to: Path | str | Target, *, of: Filter | None = None, reverse: bool = False, **how: Any
) -> Counts:
    """Export briefs, `reverse`d as if the last had finished first; return what was done."""
    target = open_target(str(to)) if isinstance(to, str | Path) else to
    with opened(flow, target, **how) as running:
        briefs = [each.brief for each in select(flow.client, of or Filter())]
        running.add(briefs[::-1] if reverse else briefs)
        running.write_indexes()
        return running.counts


def finished(flow: Flow, **fields: Any) -> str:
    """Return the id of a brief that has come to its end."""
    brief_id = flow.accept(**fields)
    flow.finish(brief_id)
    return brief_id


def rows(target: Target, batch: str = "no-batch") -> list[dict[str, Any]]:
    """Return the rows of a batch's index."""
    return [json.loads(line) for line in (target.read(f"{batch}/index.jsonl") or b"").splitlines()]


def contents(target: Target) -> dict[str, bytes | None]:
    """Return all files of a target."""
    return {each.path: target.read(each.path) for each in target.files("")}
