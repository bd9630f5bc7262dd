"""When each of many waiting briefs starts, and what it lacks: an account is read, and simulated, once."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import redis

from config.settings import Settings
from worker.forecast.inputs import forecast, waiting_needs
from worker.forecast.simulation import Estimate
from worker.forecast.start_time import Start, start_of
from worker.ledger import commands
from worker.ledger.kinds import KINDS, Kind
from worker.ledger.library import ledger_library
from worker.ledger.records import brief_subject
from worker.shards.merged import home_of
from worker.store.functions import Functions
from worker.views import account_reading
from worker.views.blockers import processes
from worker.views.models import BriefView


class WaitsFor(NamedTuple):
    """What a brief lacks, each by `what` it is (`worker.forecast.why.Waiting.missing`), and its start."""

    lacks: tuple[str, ...]
    parked: bool
    start: Start


def starts(client: "redis.Redis", settings: Settings, briefs: Sequence[BriefView]) -> dict[str, WaitsFor]:
    """Return what each of these briefs that waits for permits waits for; raises redis.RedisError."""
    waiting = [brief for brief in briefs if brief.state == KINDS[Kind.BRIEF].waits]
    found: dict[str, WaitsFor] = {}
    for account in {brief.account for brief in waiting}:
        of_it = [brief.brief_id for brief in waiting if brief.account == account]
        found |= _of_account(home_of(client, account), settings, account, of_it)
    return found


def _of_account(
    client: "redis.Redis", settings: Settings, account: str, brief_ids: Sequence[str]
) -> dict[str, WaitsFor]:
    report = account_reading.report(client, account)
    needs = waiting_needs(client, account)
    alive, functions = processes(client), Functions(client, ledger_library(settings))

    @cache
    def whole(urgent: bool) -> Estimate:
        return forecast(report, settings, needs, urgent=urgent)

    found: dict[str, WaitsFor] = {}
    for brief_id in brief_ids:
        told = functions.run(commands.why(brief_subject(brief_id)))
        if told is not None:  # it may have begun since it was read
            start = start_of(report, settings, told, needs, alive, lambda _, urgent: whole(urgent))
            lacks = tuple(dict.fromkeys(str(each["what"]) for each in told["missing"]))
            found[brief_id] = WaitsFor(lacks, told["parked"], start)
    return found
