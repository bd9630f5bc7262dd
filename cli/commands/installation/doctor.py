"""`identity-worker doctor`: whether all that a run needs is there, and what to do where it is not."""

import os
from collections.abc import Generator, Iterator
from typing import Annotated, Any

import typer

from cli.shared import progress
from cli.shared.output import DID_NOT, Json, print_json, say
from config import logs
from config.errors import NetworkSettingsError, SettingsError
from config.settings import Settings, settings, unknown_variables
from config.text import printable
from worker.operations import doctor
from worker.operations.doctor import Check, Health

#: What to do about a file that is one account's alone.
_LEFT_OUT = (
    "mend it: until then all that runs keeps what it had of the account, and what starts leaves it out"
)
#: Accounts that are checked at once.
_AT_ONCE = 16


def command(
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 also when there is only a warning.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check settings, the ways to Redis and to the API, queues, processes, accounts; say how to mend each.

    `fail` means that briefs do not move or money may be lost, `warn` that this will soon be so. Ends with 1
    when anything fails; a warning counts only with --strict. Tokens are tried and never shown. Of more than
    20 accounts those that need something are told, five of each kind; --json tells all.
    """
    checks = []
    for check in _checks(told_whole=as_json):
        checks.append(check)
        if not as_json:
            _print(check)  # at once: the way to the API may take its time
    if as_json:
        print_json([check._asdict() for check in checks])
    bad = {Health.FAIL, Health.WARN} if strict else {Health.FAIL}
    raise typer.Exit(DID_NOT if any(check.health in bad for check in checks) else 0)


def _print(check: Check) -> None:
    say(printable(f"{check.health:<5}{check.name}: {check.said}"))
    if check.remedy is not None:
        say(printable(f"     -> {check.remedy}"))


def _checks(*, told_whole: bool) -> Iterator[Check]:
    try:
        values = settings()
    except SettingsError as error:
        for wrong in error.wrong:
            yield Check(
                "settings", Health.FAIL, wrong, "set it right: `identity-worker schema settings` lists all"
            )
        return
    logs.configure(values)
    yield Check("settings", Health.OK, "read")
    for told in unknown_variables(os.environ):
        yield Check("settings", Health.WARN, told, "write it right, or unset it: it does nothing")
    yield from _clocks(values)
    # Not at the top: what is said of the settings should not wait for their import.
    from config.accounts.account import AccountsError
    from config.accounts.live import LiveAccounts

    live: LiveAccounts | None = None
    try:
        live = LiveAccounts(values)
    except AccountsError as error:
        keeps = "mend what it names: until then all that runs keeps what it has, and nothing starts"
        yield Check("accounts", Health.FAIL, str(error), keeps)
    if live is not None:
        yield from _faults(live)
    yield doctor.choosers()
    yield from _redis(values, live, told_whole=told_whole)


def _clocks(values: Settings) -> Iterator[Check]:
    """Warn if clocks run faster and the API is elsewhere: nobody can know whether that is a sandbox."""
    # Not at the top: wrong settings should not wait for their import.
    from config.urls import is_loopback

    if values.speed > 1 and not is_loopback(values.api_url):
        told = f"IDENTITY_WORKER_SPEED is {values.speed:g}, and {values.api_url} is not on this machine"
        yield Check("clocks", Health.WARN, told, "unless a sandbox is there, unset it: it breaks the caps")


def _faults(live: Any) -> Iterator[Check]:
    """Tell what is wrong with single accounts; an entry that can be no account holds no brief up."""
    for fault in live.faults:
        if fault in live.strange:
            yield Check("accounts", Health.WARN, str(fault), "name it so, or take it out of the folder")
        else:
            yield Check("accounts", Health.FAIL, str(fault), _LEFT_OUT)


def _redis(values: Settings, live: Any, *, told_whole: bool) -> Iterator[Check]:
    # Not at the top: wrong settings should not wait for their import.
    import redis

    from web.metrics.readings import Readings
    from worker.metrics import checks as moving
    from worker.operations import doctor_ways
    from worker.shards.shards import shards_of
    from worker.store import embedded
    from worker.store.remedies import remedy

    try:
        with embedded.redis_url(values) as url, shards_of(url, values) as shards:
            way = list(doctor_ways.to_redis(url))
            yield from way
            if any(each.health is Health.FAIL for each in way):
                return
            if values.shard is None:
                yield from doctor.shards(shards.client(0), values.shards)
            for shard in shards.all:
                client, its = shards.client(shard), f" (shard {shard})" if len(shards.all) > 1 else ""
                is_usable = yield from _server(values, client, url, its)
                if not is_usable:
                    return
                for each in _ledger(values, client, live):
                    yield each._replace(name=each.name + its)
            yield from moving.checks(Readings(shards.reading, values).now(), values)
            yield from _accounts(shards.reading, values, live, told_whole=told_whole)
    except embedded.EmbeddedServerError as error:
        yield Check("redis", Health.FAIL, str(error), "or set REDIS_URL to a Redis that runs")
    except redis.RedisError as error:
        yield Check("redis", Health.FAIL, str(error), remedy(error))


def _server(values: Settings, client: Any, url: str, its: str) -> Generator[Check, None, bool]:
    """Say which server it is and how it is; return whether more than that can be asked of it."""
    from config.redis_url import redacted
    from worker.store.startup import located

    found = list(doctor.server(client))
    yield _used(values, ", ".join(filter(None, (redacted(url), located(client)))) + its)
    yield from found
    return not any(each.health is Health.FAIL and each.name in ("server", "rights") for each in found)


def _ledger(values: Settings, client: Any, live: Any) -> Iterator[Check]:
    """Say how the work stands that is on record there."""
    from actors.broker import inspection
    from worker.archive import health
    from worker.callers import health as inlets
    from worker.hooks import standing

    yield from doctor.work(client)
    yield from inspection.queues(client)
    yield from health.checks(client, values)
    yield from standing.checks(client, values)
    yield from inlets.checks(client, values, live.named if live else ())


def _used(values: Settings, at: str) -> Check:
    """Say which Redis it is; an embedded one is this machine's alone."""
    from worker.store import embedded

    if values.namespace:
        at += f", namespace {values.namespace}"
    if values.redis_url is not None:
        return Check("redis", Health.OK, at)
    told = f"{at}, the embedded server of {values.data_dir.absolute()}: REDIS_URL is not set"
    return Check("redis", Health.WARN, told, embedded.ONE_MACHINE)


def _accounts(client: Any, values: Settings, live: Any, *, told_whole: bool) -> Iterator[Check]:
    from cli.doing.examining import in_few
    from worker.network.pool import open_pool
    from worker.operations import doctor_accounts, doctor_ways

    yield from doctor_ways.to_api(values.api_url)
    try:
        opened = open_pool(timeout_read=values.request_timeout)
    except NetworkSettingsError:
        return  # the way to the API has told it
    with opened as pool:
        accounts = list(live.accounts.values()) if live else []
        found = _each_account(client, values, accounts, pool)
        yield from in_few(found, 0 if told_whole else len(accounts))
    yield from doctor_accounts.not_configured(client, set(live.named) if live else set())


def _each_account(client: Any, values: Settings, accounts: list[Any], pool: Any) -> Iterator[list[Check]]:
    """Yield the checks of each account, some at once: thousands would wait for an answer each, for hours."""
    from concurrent.futures import ThreadPoolExecutor

    from worker.operations import doctor_ways

    streamed = values.events != "sse"
    threads = ThreadPoolExecutor(_AT_ONCE)
    try:
        # One alone is checked right here, where Ctrl-C ends it at once.
        in_turn = threads.map if len(accounts) > 1 else map
        checked = in_turn(lambda each: (each, _account(client, values, each, pool)), accounts)
        for account, found in progress.told(checked, f"of {len(accounts)} accounts are checked"):
            yield found
            if not streamed and found[0].health is Health.OK:  # its token is taken
                streamed = True
                yield [doctor_ways.stream(values.api_url, account.token, account.name)]
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _account(client: Any, values: Settings, account: Any, pool: Any) -> list[Check]:
    from worker.operations import doctor_accounts
    from worker.piktid.client import PiktID

    try:
        api = PiktID(pool, values.api_url, account.token)
    except ValueError as error:
        return [Check(f"account {account.name}", Health.FAIL, str(error), "set its token right")]
    return list(doctor_accounts.account(client, account, api, by_stream=values.events == "sse"))
