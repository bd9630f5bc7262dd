"""Opens what commands read: the settings, Redis, standard input; what can't be opened ends the command."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, TextIO

from cli.shared.output import USED_WRONGLY, complain, fail, is_process
from config import namespace
from config.redis_url import RedisUrlError, read_within
from config.redis_url import given as redis_url_given
from config.shards import count_given, too_few
from config.text import printable

if TYPE_CHECKING:
    import redis

    from config.accounts.live import LiveAccounts
    from config.settings import Settings


def load_settings(*, reads: bool = False) -> "Settings":
    """Return the settings, or end the command with what is set wrongly; what is logged goes to stderr.

    A command that only `reads` imports nothing that logs, and does not wait for the import of what does.
    """
    # Not at the top: commands that need none of them should not wait for the import of pydantic.
    from config.errors import SettingsError
    from config.settings import settings

    try:
        values = settings()
    except SettingsError as error:
        fail(str(error), USED_WRONGLY)
    if not reads:
        # Not at the top: the help should not wait for its import.
        from config import logs

        logs.configure(values)
    return values


def read_accounts(values: "Settings") -> "LiveAccounts":
    """Return the accounts of this machine, and tell what is wrong with those that are left out.

    Of an entry that can be no account, as a disk's `lost+found`, only `doctor` tells.

    Raises AccountsError where there is none, or none can be used.
    """
    # Not at the top: most commands need no accounts.
    from config.accounts.reading import live_accounts

    live = live_accounts(values)
    for fault in live.faults:
        if fault not in live.strange:
            complain(printable(str(fault)))
    return live


@contextmanager
def redis_url(values: "Settings") -> Iterator[str]:
    """Yield the URL of Redis or of the embedded server; end the command when it can't be used.

    Redis errors of the block end the command too.
    """
    with _server(values) as url, _told(url):
        yield url


@contextmanager
def _told(url: str) -> Iterator[None]:
    """End the command at a Redis error of the block."""
    # Not at the top: commands without Redis should not wait for its import.
    import redis

    try:
        yield
    except redis.RedisError as error:
        from config.redis_url import redacted
        from worker.store.remedies import remedy

        fail(f"the Redis at {redacted(url)} can't be used: {error}\nWhat to do: {remedy(error)}.")


@contextmanager
def _server(values: "Settings") -> Iterator[str]:
    if values.redis_url is not None:
        yield values.redis_url.get_secret_value()
        return
    # Not at the top: with a REDIS_URL, neither this nor what it logs by is needed.
    from config import logs
    from worker.store import embedded

    logs.configure(values)
    try:
        with embedded.redis_url(values, embedded.log_start if is_process() else _say_embedded) as url:
            yield url
    except embedded.NotInstalledError as error:
        fail(str(error))
    except embedded.EmbeddedServerError as error:
        fail(f"{error}\nOr set REDIS_URL to a Redis that runs.")


def _say_embedded(_: str) -> None:
    """Say in a line to a person which data the command looks at."""
    complain("REDIS_URL is not set: the embedded server of IDENTITY_WORKER_DATA_DIR is used")


def check_server(url: str, *, process: bool = True) -> None:
    """End the command on a Redis that it can't run on; a process says what it could lose, and waits for it.

    Raises redis.RedisError.
    """
    from worker.store import startup

    try:
        startup.check(url, None if process else 0)
    except startup.UnsafeServerError as error:
        fail(f"nothing is begun: {error}")


@contextmanager
def client_of(url: str) -> Iterator["redis.Redis"]:
    """Yield a client of a Redis that answers, whose answers are text."""
    from worker.store.connection import connect

    with connect(url) as client:
        client.ping()
        yield client


def _check_kinds(client: "redis.Redis", url: str) -> None:
    """End the command where it would read a server on which no worker runs, and find that there is nothing.

    Raises redis.RedisError of one that does not answer.
    """
    # Not at the top: the help should not wait for the import of redis-py.
    import redis

    from config.redis_url import redacted
    from worker.shards.merged import clients_of
    from worker.store.connection import guide_of
    from worker.store.findings import wrong_kind

    for each in clients_of(client):
        each.ping()
        try:
            greeting = each.execute_command("HELLO")
        except redis.ResponseError:
            continue  # it is not for this user to ask
        guide = guide_of(each)
        in_cluster = guide is not None and guide.finder.is_cluster
        hello = dict(zip(greeting[::2], greeting[1::2], strict=False))
        for found in wrong_kind(hello, {}, in_cluster=in_cluster):
            fail(f"nothing is read of the Redis at {redacted(url)}: {found}")


def _check_shards(first: "redis.Redis", shards: int) -> None:
    """End the command where it would read a part of the accounts as if they were all."""
    from config import keys

    told = too_few(first.hgetall(keys.SHARDS()), shards)
    if told is not None:
        fail(f"nothing is read: {told}")


@contextmanager
def open_to_read() -> Iterator["redis.Redis"]:
    """Yield a client that reads all shards, for a command that has no use for other settings.

    Where Redis is given, no other setting is read: their model takes as long to import as the rest of such a
    command, and what is wrong with the settings of a worker is no reason not to look at its briefs.
    """
    try:
        url, before = redis_url_given(os.environ), namespace.given(os.environ)
        if url is not None:
            read_within(url, before)
        is_one = count_given(os.environ) == 1
    except (RedisUrlError, namespace.NamespaceError):
        url = None  # which the settings tell as one of all that is wrong
    if url is None or not is_one:
        with open_redis(load_settings(reads=True)) as client:
            yield client
    else:
        with _told(url), client_of(url) as client:
            _check_kinds(client, url)
            _check_shards(client, 1)
            yield client


@contextmanager
def open_redis(
    values: "Settings", *, writes: bool = False, brief: str | None = None, account: str | None = None
) -> Iterator["redis.Redis"]:
    """Yield a client of the shard of a brief or an account; of neither, one that reads all.

    Ends the command when Redis can't be used, or be written to.
    """
    from worker.shards.merged import holder_of, home_of
    from worker.shards.shards import shards_of

    with redis_url(values) as url:
        if writes:
            check_server(url, process=False)
        elif values.shard is None and "{" in values.namespace:
            with client_of(url) as first:
                _check_shards(first, values.shards)
        with shards_of(url, values) as shards:
            client = shards.reading
            _check_kinds(client, url)
            if brief is not None:
                yield holder_of(client, brief)
            else:
                yield client if account is None else home_of(client, account)


def standard_input() -> BinaryIO:
    """Return standard input; where it was closed, as some supervisors and schedulers do, an empty one."""
    # Python's own types leave out that it is None then.
    stream: TextIO | None = sys.stdin
    return io.BytesIO() if stream is None else stream.buffer
