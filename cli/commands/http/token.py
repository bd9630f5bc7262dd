"""`identity-worker token`: makes, lists and revokes the tokens of those who call by HTTP."""

from typing import Annotated

import typer

from cli.shared.opening import load_settings, open_redis
from cli.shared.options import By, Why, person
from cli.shared.output import USED_WRONGLY, Json, fail, print_json, say
from config.text import credits_text
from worker.callers import tokens
from worker.callers.tokens import Caller, Role, TokenError
from worker.operations import actions
from worker.shards.merged import clients_of


def command(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Whose token it is.")] = None,
    role: Annotated[
        Role,
        typer.Option(
            help="caller: sends briefs, sees its own alone; viewer: sees all; operator: sends and steers all;"
            " admin: changes accounts as well."
        ),
    ] = Role.CALLER,
    account: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="An account that it may use; else all.")
    ] = None,
    priority: Annotated[
        int, typer.Option(metavar="N", help="The highest priority that a brief of it may have.")
    ] = tokens.HIGHEST,
    credits_a_day: Annotated[
        float | None,
        typer.Option(metavar="CREDITS", help="What the briefs that it sends in a day (UTC) may cost."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the token of this name.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Remove the token of this name.")] = False,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Make a token for calls by HTTP and for the page, or list who has one.

    The token is printed once, and only its digest is kept. Programs send it as `Authorization: Bearer`; a
    person signs in to the page with it. Without a NAME, all who have a token are listed.
    """
    values = load_settings().model_copy(update={"shard": None})  # of all shards the first has them
    with open_redis(values, writes=name is not None) as reading:
        client = clients_of(reading)[0]
        if name is None:
            _list(tokens.listed(client), as_json=as_json)
        elif revoke:
            actions.record(client, "token.revoke", person(by), why, token=name)
            if not tokens.revoke(client, name):
                fail(f"{name} has no token; `identity-worker token` lists who has one")
            say(f"{name} has no token any more")
        else:
            caller = Caller(name, role, tuple(account or ()), priority, credits_a_day, by=person(by))
            try:
                token = tokens.make(client, caller, replace=replace)
            except TokenError as error:
                fail(str(error), USED_WRONGLY)
            actions.record(client, "token.make", person(by), why, token=name, role=role)
            if as_json:
                print_json({"name": name, "role": role, "token": token})
            else:
                say(token)


def _list(found: list[Caller], *, as_json: bool) -> None:
    if as_json:
        print_json([vars(caller) for caller in found])
        return
    if not found:
        say("Nobody has a token: on this machine `web` is read without one, and takes no brief.")
    for caller in found:
        most = "" if caller.credits_a_day is None else f", {credits_text(caller.credits_a_day)} credits a day"
        where = ", ".join(caller.accounts) or "all accounts"
        say(f"{caller.name}  {caller.role}  {where}, priority up to {caller.priority}{most}")
