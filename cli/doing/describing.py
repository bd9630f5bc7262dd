"""What `identity-worker describe` does."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from cli.doing.untaken import untaken
from cli.reading.photo_places import PhotoPlaces, PlaceError
from cli.sending import delivery, planning
from cli.sending.descriptions import Description, Found, described
from cli.sending.outgoing import Status
from cli.sending.photos import PhotoCheck
from cli.sending.preparing import Rules, prepare
from cli.shared import progress
from cli.shared.opening import check_server, load_settings, redis_url
from cli.shared.options import person
from cli.shared.output import DID_NOT, USED_WRONGLY, complain, fail, print_json, say
from config import durations
from config.settings import Settings
from config.text import counted, printable
from worker.briefs.to_type import answers, argument, in_words
from worker.ledger.ledger import Ledger
from worker.ledger.transition import NO_BUDGET
from worker.shards.merged import home_of
from worker.shards.shards import shards_of
from worker.views import snapshots
from worker.views.models import BriefView

if TYPE_CHECKING:
    import redis


class Budget(NamedTuple):
    """What a batch may cost in an account."""

    batch: str
    account: str
    credits: float


def describe(
    places: Sequence[str],
    to: Path,
    overrides: Mapping[str, object],
    budget: Budget | None,
    *,
    recursive: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Make a brief of each photo of the places; the options are the command's."""
    values = load_settings()
    _check(values, budget)
    descriptions = _described(values, places, to, recursive=recursive)
    waiting = [each for each in descriptions if each.found is Found.WAITS]
    if waiting:
        with redis_url(values) as url, shards_of(url, values) as shards:
            check_server(url, process=False)
            client = shards.reading
            _send(client, url, values, waiting, overrides, budget)
            _wait(client, waiting, timeout)
    _tell(descriptions, as_json=as_json)
    if any(each.found in (Found.NOT, Found.WAITS) for each in descriptions):
        raise typer.Exit(DID_NOT)


def _check(values: Settings, budget: Budget | None) -> None:
    """End the command of a budget that can't hold."""
    if budget is None:
        return
    if not (budget.batch and values.extraction_credits):
        fail(
            "--max-credits is of a --batch, and needs to know what a description costs, which the API tells "
            "nobody: set IDENTITY_WORKER_EXTRACTION_CREDITS, for the workers too",
            USED_WRONGLY,
        )
    planning.check_credits(budget.credits)


def _described(values: Settings, places: Sequence[str], to: Path, *, recursive: bool) -> list[Description]:
    """Return the description of each photo of the places; tell what is passed over, and what is wrong."""
    reading = _places(values, recursive=recursive)
    try:
        descriptions = described(reading.photos(places), to)
        for folder in {each.target.parent for each in descriptions}:
            folder.mkdir(parents=True, exist_ok=True)
    except (PlaceError, OSError) as error:
        fail(printable(error), USED_WRONGLY)
    for skipped in reading.skipped:
        complain(printable(skipped))
    for each in descriptions:
        if each.why is not None:
            complain(printable(f"{each.photo.path}: {each.why}"))
    return descriptions


def _places(values: Settings, *, recursive: bool) -> PhotoPlaces:
    try:
        return PhotoPlaces(values, recursive=recursive)
    except PlaceError as error:
        fail(str(error), USED_WRONGLY)


def _send(
    client: "redis.Redis",
    url: str,
    values: Settings,
    waiting: Sequence[Description],
    overrides: Mapping[str, object],
    budget: Budget | None,
) -> None:
    """Ask for the descriptions that are not on record; what is bad is told."""
    first = {each.brief_id: each for each in reversed(waiting)}
    items = [each.item() for each in first.values()]
    briefs = prepare(items, Rules(values, overrides=overrides), PhotoCheck(values))
    bad = {each.item.file: each for each in briefs if each.status is Status.BAD}
    for each in waiting:
        if (brief := bad.get(str(first[each.brief_id].photo.path))) is not None:
            each.refuse("; ".join(map(str, brief.faults)))
    if budget is not None:
        ledger = Ledger(home_of(client, budget.account), values)
        ledger.set_budget(*budget, person(None))
    # One that is on record under another name or for another account is the same photo.
    delivery.look_up(client, values, briefs, again=True)
    delivery.send(url, values, briefs)
    if told := untaken(client):
        complain(told)


def _wait(client: "redis.Redis", waiting: Sequence[Description], timeout: float | None) -> None:
    """Write the briefs as their descriptions come, until each is decided or the time is over."""
    until = None if timeout is None else time.monotonic() + timeout
    told = set[str]()
    for each in progress.told(_decided(client, waiting, until), "photos described"):
        if each.why is not None and each.why not in told:
            told.add(each.why)
            complain(printable(f"{each.photo.path}: {each.why}"))


def _decided(
    client: "redis.Redis", waiting: Sequence[Description], until: float | None
) -> Iterator[Description]:
    """Yield each description as soon as it is decided what comes of it."""
    moved_at, warned = time.monotonic(), False
    left = [each for each in waiting if each.found is Found.WAITS]
    yield from (each for each in waiting if each.found is not Found.WAITS)
    while left:
        views = {view.brief_id: view for view in snapshots.each(client, [each.brief_id for each in left])}
        for each in left:
            _decide(each, views.get(each.brief_id))
            if each.found is not Found.WAITS or each.why is not None:
                yield each
        open_ = [each for each in left if each.found is Found.WAITS and each.why is None]
        if len(open_) < len(left):
            moved_at = time.monotonic()
        left = open_
        now = time.monotonic()
        if until is not None and now >= until:
            return
        if left and not warned and now - moved_at > durations.NOTHING_MOVES_SECONDS:
            warned = True
            complain("nothing has come for a while; `identity-worker doctor` says whether a worker runs")
        if left:
            time.sleep(durations.DESCRIBED_LOOK_SECONDS)


def _decide(each: Description, view: BriefView | None) -> None:
    """Write a photo's brief if its description is on record; otherwise say what is in its way."""
    if view is None:
        return
    if view.state == "done" and view.body is not None:
        try:
            each.write(view.body)
        except OSError as error:
            each.refuse(f"{each.target} can't be written: {error.strerror}; run this again, it is paid for")
    elif view.state == "held":
        each.refuse(f"{view.question} Answer by {in_words(answers(view.brief_id, jobs=[]))}")
    elif view.finished:
        each.refuse(f"{view.error}; `identity-worker retry {argument(view.brief_id)}` tries it again")
    elif view.error == NO_BUDGET:
        each.why = f"{view.error}: raise it, and run this again"


def _tell(descriptions: Sequence[Description], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "photo": each.photo.source,
                    "sha256": each.digest,
                    "brief_id": each.brief_id,
                    "file": str(each.target),
                    "result": each.found,
                    "why": each.why,
                }
                for each in descriptions
            ]
        )
        return
    words = {
        Found.WRITTEN: "written",
        Found.THERE: "there already",
        Found.WAITS: "not described yet: run this again",
        Found.NOT: "not described",
    }
    for found, word in words.items():
        number = sum(each.found is found for each in descriptions)
        if number:
            say(f"{counted(number, 'photo')} {word}")
