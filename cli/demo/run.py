"""One run of the demo: starts or resumes it, follows it to its end, collects the results."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from rich.console import Console

from cli.demo import results
from cli.demo.installation import Check, Installation, running
from cli.render.display import display
from cli.render.lines import waits_for_person
from cli.sending import delivery
from cli.sending.outgoing import Status
from cli.sending.spool import Spool
from cli.shared.opening import client_of
from cli.shared.overview import follow, look
from config.settings import settings
from config.text import counted
from worker.views import snapshots
from worker.views.models import BriefView

#: The file that tells that a run needs no resuming.
_COMPLETE = "complete"


Hold = Callable[[Installation, dict[str, Any]], None]


@dataclass(frozen=True)
class Demo:
    """What to run and where: `directory` holds the state and the logs."""

    directory: Path
    speed: float
    briefs: Spool
    output: Path


def run(
    demo: Demo, console: Console, check: Check, *, fresh: bool, hold: Hold | None = None
) -> dict[str, Any]:
    """Run to the end and return the summary. `check` may raise to stop; everything started is ended then.

    `hold` is given the summary while everything still runs, and ends when it is to be ended.

    Raises ChildDiedError, embedded.EmbeddedServerError, redis.RedisError, ApiError, PictureError or
    httpx.HTTPError when a part fails.
    """
    began = time.monotonic()
    complete = demo.directory / _COMPLETE
    if complete.exists() or (fresh and demo.directory.exists()):
        shutil.rmtree(demo.directory)
    resumed = demo.directory.exists()
    demo.directory.mkdir(parents=True, exist_ok=True)
    console.print("Starting Valkey, sandbox, worker, listener and page …")
    if resumed:
        console.print("The run that was stopped goes on, once a minute of the sandbox has passed.")
    with (
        running(demo.directory, demo.speed, check, resumed=resumed) as installation,
        client_of(installation.redis_url) as client,
    ):
        console.print(f"The page: {installation.page_url}")
        # The sandbox's credits are not real.
        delivery.look_up(client, settings(), demo.briefs, again=True)
        delivery.send(installation.redis_url, settings(), demo.briefs)
        _warn(demo.briefs, console)
        briefs = _follow(demo, client, installation, console, check, began)
        summary = _collect(demo, client, installation, briefs, console, check)
        summary["totals"]["seconds"] = round(time.monotonic() - began, 1)
        results.write_summary(demo.output, summary)
        if hold is not None:
            hold(installation, summary)
    if all(brief.finished for brief in briefs):
        complete.touch()
    return summary


def _collect(
    demo: Demo,
    client: "redis.Redis",
    installation: Installation,
    briefs: Sequence[BriefView],
    console: Console,
    check: Check,
) -> dict[str, Any]:
    """Fetch what came of the briefs, and show how many pictures are there: large ones take a while."""
    fetching = f"Fetching {counted(sum(len(brief.identity_codes) for brief in briefs), 'picture')}"
    console.print(f"{fetching} …")
    with console.status(fetching) as status:

        def fetched(count: int) -> None:
            status.update(f"{fetching}: {count} there")

        return results.collect(client, installation.api_url, briefs, demo.output, check, fetched)


def _warn(briefs: Spool, console: Console) -> None:
    for each in briefs:
        if each.status is Status.CONFLICT:
            console.print(
                f"{each.source} has changed since; --fresh would run it as it is now", style="yellow"
            )


def _follow(
    demo: Demo,
    client: "redis.Redis",
    installation: Installation,
    console: Console,
    check: Check,
    began: float,
) -> list[BriefView]:
    """Show how the briefs go on until nothing more will happen by itself; return them as they are then."""
    ids = [each.brief_id or "" for each in demo.briefs]
    title = f"identity-worker demo · sandbox {demo.speed:g} times as fast as the real API"
    with display(console, title, began=began, expected=len(ids), transient=True) as shown:
        for snapshot in follow(client):
            check()
            installation.check()
            shown.show(snapshot)
            briefs = snapshots.by_ids(client, ids)
            if len(briefs) == len(ids) and all(each.finished or waits_for_person(each) for each in briefs):
                # What happened between the two looks would be told by the next one.
                shown.show(look(client))
                break
    return briefs
