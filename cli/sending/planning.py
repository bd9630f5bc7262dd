"""Plans a batch of valid briefs before it is sent, and checks the most that it may cost."""

import math
from dataclasses import dataclass

import redis

from cli.sending import delivery
from cli.sending.outgoing import Status
from cli.sending.spool import Spool
from cli.shared.output import USED_WRONGLY, fail
from config.accounts.names import DEFAULT
from config.settings import Settings
from config.text import credits_text
from worker.forecast.batch_plan import AccountPlan, Wanted, committed, plans
from worker.ledger.kinds import PROMOTION_CREDITS
from worker.shards.merged import home_of
from worker.shards.shards import shards_of
from worker.store import embedded


@dataclass(frozen=True)
class Plan:
    """What the briefs that are not on record yet will take."""

    accounts: list[AccountPlan]
    known: int
    """How many would not be sent, by what is on record."""
    committed: float
    """Credits that the batch has spent or reserved already; 0 when no budget is asked for."""


def plan_of(values: Settings, briefs: Spool, batch: str | None, *, again: bool = False) -> Plan | None:
    """Return the plan of the valid briefs, None when no Redis of an installation can be asked.

    A dry run checks files on machines that have none, and must not make one. `batch` is whose budget it is.
    Those that would not be sent are marked so; `again` as in `delivery.look_up`.
    """
    if values.redis_url is None and not values.data_dir.exists():
        return None
    valid = briefs.counts().get(Status.VALID, 0)
    try:
        with embedded.redis_url(values) as url, shards_of(url, values) as shards:
            client = shards.reading
            delivery.look_up(client, values, briefs, again=again)
            wanted = _wanted(briefs)
            spent = 0.0 if batch is None else committed(client, batch)
            new = sum(len(each.slots) for each in wanted.values())
            return Plan(plans(client, values, wanted), valid - new, spent)
    except (redis.RedisError, embedded.EmbeddedServerError):
        return None


def _wanted(briefs: Spool) -> dict[str, Wanted]:
    """Return what the valid briefs want of each account."""
    found: dict[str, Wanted] = {}
    for takes in briefs.takings():
        wanted = found.setdefault(takes.account or DEFAULT, Wanted())
        wanted.slots.append(takes.slots)
        wanted.promotions += takes.promotions
        wanted.descriptions += takes.descriptions
        wanted.drafts += takes.drafts
    return found


def too_little(client: "redis.Redis", briefs: Spool, batch: str, max_credits: float) -> str | None:
    """Return in words that a budget can't pay for the briefs to be sent, drafts apart; None where it can."""
    promotions = sum(takes.promotions for takes in briefs.takings()) * PROMOTION_CREDITS
    spent = committed(client, batch)
    if spent + promotions <= max_credits:
        return None
    already = f"{credits_text(spent)} are spent or reserved, and " if spent else ""
    return (
        f"that is too little for all of them: {already}these take {promotions} credits for promotions, "
        "before drafts. What is above it waits until the budget is raised"
    )


def check_credits(max_credits: float) -> None:
    """End the command for what can be nobody's budget."""
    if not math.isfinite(max_credits) or max_credits <= 0:
        fail(f"--max-credits {max_credits:g}: must be a number above 0", USED_WRONGLY)


def budgeted(client: "redis.Redis", briefs: Spool) -> str:
    """Return an account of the valid briefs; end the command where they live in several shards.

    Each shard has a ledger of its own, and would let the batch cost all that it may.
    """
    accounts = sorted({takes.account or DEFAULT for takes in briefs.takings()})
    homes = {id(home_of(client, account)): account for account in accounts}
    if len(homes) > 1:
        one, other = [*homes.values()][:2]
        fail(
            f"--max-credits holds within one shard, and the accounts {one} and {other} live in two: send "
            "the briefs of each as a batch of its own",
            USED_WRONGLY,
        )
    return accounts[0]


def the_batch(briefs: Spool, max_credits: float) -> str | None:
    """Return the one batch that all valid briefs are in, whose budget it is; else end the command.

    Of no brief there is none.
    """
    check_credits(max_credits)
    batches = {takes.batch for takes in briefs.takings()}
    if len(batches) > 1 or None in batches:
        fail("--max-credits is the budget of one batch: name it with --batch NAME", USED_WRONGLY)
    return next(iter(batches), None)
