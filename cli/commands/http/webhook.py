"""`identity-worker webhook`: the account's one webhook, set only when asked to (piktid-v2.md 6.35)."""

from typing import Annotated, Literal

import typer

from cli.shared.output import USED_WRONGLY, Json, fail
from config.accounts.names import DEFAULT


def command(
    action: Annotated[
        Literal["set", "test", "show"], typer.Argument(metavar="ACTION", help="set, test or show.")
    ],
    url: Annotated[str | None, typer.Argument(metavar="[URL]", help="With set: where events go.")] = None,
    account: Annotated[str, typer.Option(metavar="NAME", help="The account's name.")] = DEFAULT,
    yes: Annotated[bool, typer.Option("--yes", help="With set: do not ask.")] = False,
    any_path: Annotated[
        bool, typer.Option("--any-path", help="With set: something rewrites the path to /webhooks/ACCOUNT.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Set, test or show an account's webhook.

    The URL is that of `identity-worker web` as the API reaches it: https://HOST/webhooks/ACCOUNT. `web` must
    run already, and read the same secrets (IDENTITY_WORKER_SECRETS_DIR). Listeners stop following the event
    streams when IDENTITY_WORKER_EVENTS=webhook is set.
    """
    if (url is not None) != (action == "set"):
        fail("`webhook set` needs a URL; the other actions take none", USED_WRONGLY)
    # Not at the top: the help should not wait for its import.
    from cli.doing import webhooking

    webhooking.webhook(action, url or "", account, yes=yes, any_path=any_path, as_json=as_json)
