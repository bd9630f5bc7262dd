"""Plans a batch of valid briefs before it is sent, and checks the most that it may cost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import redis

from cli.sending import delivery
from cli.sending.outgoing import Outgoing, Status
from cli.shared.output import USED_WRONGLY, fail
from config.settings import Settings
from worker.forecast.batch_plan import AccountPlan, committed, plans
from worker.store import embedded
from worker.store.connection import connect


@dataclass(frozen=True)
class Plan:
    """What the briefs that are not on record yet will take."""

    accounts: list[AccountPlan]
    known: int
    """How many would not be sent, by what is on record."""
    committed: float
    """Credits that the batch has spent or reserved already; 0 when no budget is asked for."""


def plan_of(
    values: Settings, briefs: Sequence[Outgoing], batch: str | None, *, again: bool = False
) -> Plan | None:
    """Return the plan of the valid briefs, None when no Redis of an installation can be asked.

    A dry run checks files on machines that have none, and must not make one. `batch` is whose budget it is.
    Those that would not be sent are marked so; `again` as in `sending.look_up`.
    """
    if values.redis_url is None and not values.data_dir.exists():
        return None
    valid = [each for each in briefs if each.brief is not None and each.status is Status.VALID]
    try:
        with embedded.redis_url(values) as url, connect(url) as client:
            delivery.look_up(client, values, valid, again=again)
            new = [each.brief for each in valid if each.brief is not None and each.status is Status.VALID]
            spent = 0.0 if batch is None else committed(client, batch)
            return Plan(plans(client, values, new), len(valid) - len(new), spent)
    except (redis.RedisError, embedded.EmbeddedServerError):
        return None


def the_batch(briefs: Sequence[Outgoing], max_credits: float) -> str:
    """Return the one batch that all briefs are in, whose budget it is; else end the command."""
    if not math.isfinite(max_credits) or max_credits <= 0:
        fail(f"--max-credits {max_credits:g}: must be a number above 0", USED_WRONGLY)
    batches = {each.brief.batch for each in briefs if each.brief is not None}
    if len(batches) != 1 or None in batches:
        fail("--max-credits is the budget of one batch: name it with --batch NAME", USED_WRONGLY)
    return str(batches.pop())
