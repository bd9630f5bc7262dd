"""What `identity-worker webhook` does."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer

from cli.shared.opening import load_settings
from cli.shared.output import USED_WRONGLY, fail, print_json, say
from config.accounts.account import Account, AccountsError
from config.accounts.reading import live_accounts
from config.settings import Settings
from config.text import printable
from config.times import format_time
from worker.piktid.webhook_signatures import SecretsError, SecretStore, StoredWebhook
from worker.store.folders import FolderError

if TYPE_CHECKING:
    from worker.piktid.client import PiktID

WARNING = (
    "An account has one webhook. Setting it replaces whatever URL is set there, another program's too, and "
    "the secret that its receiver checks with."
)


def webhook(action: str, url: str, account: str, *, yes: bool, any_path: bool, as_json: bool) -> None:
    """Set, test or show the webhook of an account, and tell of it."""
    values = load_settings()
    try:
        live = live_accounts(values)
        known = live.accounts
        if account in live.unusable:
            fail(str(live.unusable[account].fault), USED_WRONGLY)
        if account not in known:
            fail(f"no account {account!r}; there are: {', '.join(sorted(known))}", USED_WRONGLY)
        if action == "set" and not any_path:
            _check_path(url, account)
        done = _do(action, values, known[account], url, yes=yes)
    except AccountsError as error:
        fail(str(error), USED_WRONGLY)
    except (SecretsError, FolderError, OSError) as error:
        fail(str(error))
    if as_json:
        print_json(done)
    else:
        for name, value in done.items():
            if value is not None:
                say(printable(f"{name}: {value}"))


def _check_path(url: str, account: str) -> None:
    path = f"/webhooks/{account}"
    if not urlsplit(url).path.endswith(path):
        told = (
            f"`identity-worker web` takes this account's events at {path}: end the URL so, or add --any-path"
        )
        fail(told, USED_WRONGLY)


def _do(action: str, values: Settings, account: Account, url: str, *, yes: bool) -> dict[str, Any]:
    store = SecretStore(values.secrets)
    if action == "set":
        return _set(values, account, store, url, yes=yes)
    if action == "test":
        return _test(values, account)
    stored = store.read(account.name)
    if stored is None:
        fail(f"no webhook of account {account.name} was set from here")
    return _shown(account, stored)


def _set(values: Settings, account: Account, store: SecretStore, url: str, *, yes: bool) -> dict[str, Any]:
    from config.urls import is_safe
    from worker.piktid.errors import ApiError, OutcomeUnknownError

    if not is_safe(url):
        fail("the URL must be https, or http to this machine", USED_WRONGLY)
    # The API tells the new secret once: that it can be kept must be known before anything is set.
    store.require_writable()
    before = store.read(account.name)
    _confirm(before, yes=yes)
    try:
        with _api(values, account) as api:
            webhook = api.set_webhook(url)
    except OutcomeUnknownError as error:
        fail(f"{error}\nThe webhook may be set and its secret changed: run this again.")
    except ApiError as error:
        fail(str(error))
    if webhook.secret is None:
        fail("the API gave no secret with the webhook: notifications can't be checked with a new one")
    return _shown(account, store.replace(account.name, webhook.url or url, webhook.secret, time.time()))


def _confirm(before: StoredWebhook | None, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        fail(f"{WARNING}\nAdd --yes to do it.", USED_WRONGLY)
    typer.echo(WARNING, err=True)
    if before is not None:
        typer.echo(f"Set from here before: {before.url}", err=True)
    typer.confirm("Set it?", abort=True, err=True)


def _test(values: Settings, account: Account) -> dict[str, Any]:
    from worker.piktid.errors import ApiError, NotFoundError

    try:
        with _api(values, account) as api:
            status = api.test_webhook()
    except NotFoundError as error:
        fail(f"{error}\nTo set one, use `identity-worker webhook set URL`.")
    except ApiError as error:
        fail(str(error))
    sent = "a test event; `identity-worker web` logs webhook.ping when it comes, or webhook.refused"
    return {"account": account.name, "sent": sent, "last_response_status": status}


@contextmanager
def _api(values: Settings, account: Account) -> Iterator["PiktID"]:
    from worker.network.pool import open_pool
    from worker.piktid.client import PiktID

    with open_pool(timeout_read=values.request_timeout) as pool:
        yield PiktID(pool, values.api_url, account.token)


def _shown(account: Account, webhook: StoredWebhook) -> dict[str, Any]:
    """Return what is told of a webhook; its secrets are not."""
    overlap = webhook.previous is not None and webhook.previous_until > time.time()
    return {
        "account": account.name,
        "url": webhook.url,
        "set_at": format_time(round(webhook.set_at * 1000)),
        "previous_secret_until": format_time(round(webhook.previous_until * 1000)) if overlap else None,
    }
