"""`identity-worker shards`: how many accounts live in which shard, and moving them to new ones."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from cli.shared.opening import check_server, load_settings, redis_url
from cli.shared.options import By, Why, person
from cli.shared.output import DID_NOT, USED_WRONGLY, Json, complain, fail, print_json, say
from config.text import counted, printable
from worker.operations import actions
from worker.shards.ids import Ids
from worker.shards.moving import MoveError, Moving, planned, settle
from worker.shards.shards import Shards, shards_of
from worker.views import account_reading

if TYPE_CHECKING:
    from config.settings import Settings

#: Seconds in which an account's paid calls should have ended: as long as one may take.
PATIENCE = 120.0


def command(
    spread: Annotated[
        bool, typer.Option("--spread", help="Move accounts to the shards that have come since they began.")
    ] = False,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Show how many accounts are in which shard; with --spread, move accounts to new shards.

    First give all processes the new IDENTITY_WORKER_SHARDS. An account moves with its briefs while everything
    runs, as soon as none of its paid calls is under way; its new shard goes on with it within seconds. If the
    command is stopped or killed, run it again and it goes on. Ends with 1 if an account could not be moved.
    """
    values = load_settings()
    if spread and (values.shards == 1 or values.shard is not None):
        fail("--spread needs IDENTITY_WORKER_SHARDS above 1, and no IDENTITY_WORKER_SHARD", USED_WRONGLY)
    stay: list[str] = []
    with redis_url(values) as url, shards_of(url, values) as shards:
        check_server(url, process=False)
        if spread:
            actions.record(shards.client(0), "spread", person(by), why, shards=values.shards)
            stay = _spread(shards, values)
        lives = _lives(shards)
    if as_json:
        print_json({"shards": [{"shard": n, "accounts": lives[n]} for n in shards.all], "stay": stay})
    else:
        for shard in shards.all:
            say(f"shard {shard}: {counted(lives[shard], 'account')}")
    raise typer.Exit(DID_NOT if stay else 0)


def _spread(shards: Shards, values: "Settings") -> list[str]:
    """Move accounts; return those that could not be."""
    Ids(shards, values).note_all()
    settle(shards, values.replicas)
    moving, stay = Moving(shards, values), []
    for move in planned(shards):
        try:
            moving.move(move, PATIENCE)
        except MoveError as error:
            complain(printable(error))
            stay.append(move.account)
        else:
            complain(printable(f"account {move.account} lives in shard {move.target} now"))
    return stay


def _lives(shards: Shards) -> Counter[int]:
    shards.placement.read()
    return Counter(shards.of(name) for name in account_reading.names(shards.reading))
