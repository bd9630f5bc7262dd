"""What `wait` and `export --follow` say where nothing has moved: what holds it up, and whom to ask about."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from cli.render.counts import not_taken_line
from cli.shared.overview import held_up
from config.times import format_duration
from worker.briefs.to_type import argument
from worker.selection.filter import Filter
from worker.selection.tally import number_of
from worker.views import snapshots
from worker.views.blockers import processes
from worker.views.listing import listed

if TYPE_CHECKING:
    import redis


def why_still(client: "redis.Redis", wanted: Filter) -> Iterator[str]:
    """Yield what is known to hold up what a filter means: no worker, a pause, a budget that is used up.

    The last line names a brief to ask about, if one is on record.
    """
    running = processes(client)
    if running.briefs:
        yield not_taken_line(running)
    elif not running.workers:
        yield "no worker runs; start one by `identity-worker work`"
    yield from held_up(client, number_of(client, wanted).of)
    # Its state may be another by now than the one that it was looked for by.
    meant = replace(wanted, state=(), after=None)
    for brief in snapshots.each(client, listed(client, most_finished=0).open):
        if brief.state != "held" and not brief.waits_for_pick and meant.matches(brief):
            since, name = format_duration(brief.read_at - brief.moved_at), argument(brief.brief_id)
            yield f"{brief.brief_id} is {brief.state}, for {since}: see `identity-worker why {name}`"
            return
