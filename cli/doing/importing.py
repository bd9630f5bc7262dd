"""What `identity-worker import` does."""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import typer

from cli.doing.untaken import untaken
from cli.reading.formats import is_photo
from cli.reading.photo_places import digest_of
from cli.reading.tables.errors import UsageError
from cli.render.outgoing import print_all_json, show_all
from cli.sending import delivery
from cli.sending.files import How, Item, Reading
from cli.sending.outgoing import REJECTED, Status
from cli.sending.photos import PhotoCheck
from cli.sending.preparing import Rules, prepare
from cli.sending.spool import Spool
from cli.shared import progress
from cli.shared.opening import check_server, load_settings, redis_url, standard_input
from cli.shared.output import DID_NOT, USED_WRONGLY, complain, fail
from config.accounts.names import DEFAULT
from config.settings import Settings
from config.text import printable
from worker.briefs.naming import job_name
from worker.shards.shards import shards_of


def import_portraits(
    places: Sequence[str],
    how: Callable[[Settings], How],
    overrides: Mapping[str, object],
    *,
    dry_run: bool,
    keep_going: bool,
    again: bool,
    as_json: bool,
) -> None:
    """Read the portraits of the places; send them, or tell what would be. The options are the command's."""
    values = load_settings()
    try:
        reading = Reading(places, standard_input(), how(values))
        items = _named(reading, str(overrides.get("account", DEFAULT)))
        rules = Rules(values, overrides=overrides)
        photos = PhotoCheck(values)
        briefs = prepare(progress.told(items, "portraits read"), rules, photos)
    except UsageError as error:
        fail(str(error), USED_WRONGLY)
    if len(reading.missed) == len(briefs):
        fail(printable("\n".join(reading.missed)), USED_WRONGLY)
    for told in (*reading.told, *reading.skipped):
        complain(printable(told))
    if dry_run:
        # Not at the top: what plans is not needed to send.
        from cli.render.dry_run import dry_run as print_dry_run

        print_dry_run(values, briefs, photos.found(), again=again, as_json=as_json)
    else:
        _send(values, briefs, keep_going=keep_going, again=again, as_json=as_json)
    if briefs.counts().keys() & set(REJECTED):
        raise typer.Exit(DID_NOT)


def _send(values: Settings, briefs: Spool, *, keep_going: bool, again: bool, as_json: bool) -> None:
    stopped = Status.BAD in briefs.counts() and not keep_going
    told = ""
    try:
        if not stopped:
            with redis_url(values) as url, shards_of(url, values) as shards:
                check_server(url, process=False)
                delivery.look_up(shards.reading, values, briefs, again=again)
                delivery.send(url, values, briefs)
                told = untaken(shards.reading)
    finally:
        # Also when Redis failed in between: some portraits may have been sent.
        if as_json:
            print_all_json(briefs)
        else:
            show_all(briefs, whole=False)
            if stopped:
                typer.echo("Nothing was sent; --keep-going sends the good ones.")
    if told:
        complain(told)


def _named(reading: Reading, account: str) -> Iterator[Item]:
    """Yield the items; a portrait has its file's name, and an id that its bytes and the account make.

    A copy of one before is passed over, and that is told.
    """
    met: dict[str, str] = {}
    for item in reading.items():
        # The photo of a row stands in it, and not in the place where it was read.
        if item.place or item.faults or not is_photo(item.file):
            yield item
            continue
        try:
            digest = digest_of(Path(item.file))
        except OSError:  # told as a fault of the photo
            yield item
            continue
        whose = hashlib.sha256(f"{account}/{digest}".encode()).hexdigest()[:32]
        first = met.setdefault(whose, item.file)
        if first != item.file:
            reading.told.append(f"{item.file}: not read: the same portrait as {first}")
            continue
        named = {"brief_id": f"import-{whose}", **item.value}
        name = job_name(None, item.value["reference_image"])
        if name is not None:
            named["name"] = unicodedata.normalize("NFC", name)
        yield replace(item, value=named)
