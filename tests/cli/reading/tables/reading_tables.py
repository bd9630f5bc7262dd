"""Reads tables as `identity-worker enqueue` does, from bytes."""

import io
from typing import Any

from cli.reading.formats import Format
from cli.reading.tables.naming import Naming
from cli.sending.files import How, Item, Reading
from cli.sending.outgoing import Status
from cli.sending.photos import PhotoCheck
from cli.sending.preparing import Rules, prepare
from cli.sending.shorthand import settings
from cli.sending.spool import Spool
from config.settings import Settings


def items(content: bytes, form: Format | None = Format.CSV, **how: Any) -> list[Item]:
    return list(Reading(["-"], io.BytesIO(content), How(form=form, **how)).items())


def values(text: str, **naming: Any) -> list[Any]:
    """The briefs of a CSV table, each without its instructions around what is in the first."""
    return [item.value for item in items(text.encode(), naming=Naming(**naming))]


def prepared(
    content: bytes, form: Format | None = Format.CSV, *, set_to: tuple[str, ...] = (), **how: Any
) -> Spool:
    found = Reading(["-"], io.BytesIO(content), How(form=form, **how)).items()
    return prepare(found, Rules(Settings(), set_to=settings(set_to)), PhotoCheck(Settings()))


def faults(spool: Spool) -> list[str]:
    """What is wrong, each with where it stands."""
    return [f"{each.source}: {fault}" for each in spool.of(Status.BAD) for fault in each.faults]
