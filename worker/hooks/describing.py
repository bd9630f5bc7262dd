"""What is said of an endpoint, by command or HTTP, checked: what it is, which events are sent again."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import redis

from config.errors import IdentityWorkerError
from config.settings import Settings
from config.text import nearest
from config.times import redis_ms
from worker.hooks import operating
from worker.hooks.addresses import HookUrlError, parse
from worker.hooks.endpoints import NAME, NAME_RULE, Endpoint
from worker.hooks.standing import Standing
from worker.ledger.events import CATALOGUE
from worker.selection.moments import MOMENT_RULE, duration, moment
from worker.views import snapshots

#: How long a secret still signs after a new one was made, unless told otherwise.
_OVERLAP = "1d"
_ENTRY = re.compile(r"\d{1,19}-\d{1,19}")


class HookFieldError(IdentityWorkerError):
    """Raised when what is said of an endpoint breaks a rule; names the field, the value and the rule."""

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field} {value!r}: {rule}")
        self.field, self.value, self.rule = field, value, rule


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of an endpoint; without a name it is called as its host."""

    url: str
    name: str | None = None
    types: Sequence[str] = ()
    batches: Sequence[str] = ()
    accounts: Sequence[str] = ()
    secret_env: str | None = None
    secret_file: str | None = None


def described(said: Said, settings: Settings) -> Endpoint:
    """Return an endpoint as it was described; raises HookFieldError."""
    try:
        host = parse(said.url, private=settings.hooks_private).host.decode()
    except HookUrlError as error:
        raise HookFieldError("url", None, str(error)) from None  # it may hold a password
    if said.secret_env is not None and said.secret_file is not None:
        raise HookFieldError("secret_file", said.secret_file, "a secret stands in one place")
    name = host.strip("[]").replace(":", "-")[:64] if said.name is None else said.name
    if not NAME.fullmatch(name):
        raise HookFieldError("name", name, f"must be {NAME_RULE}")
    for each in said.types:
        _check_type(each)
    types, batches, accounts = tuple(said.types), tuple(said.batches), tuple(said.accounts)
    return Endpoint(name, said.url, types, batches, accounts, said.secret_env, said.secret_file)


def changed(
    before: Endpoint,
    settings: Settings,
    url: str | None,
    types: Sequence[str] | None,
    batches: Sequence[str] | None,
    accounts: Sequence[str] | None,
) -> Endpoint:
    """Return an endpoint with those of its fields replaced that are not None; raises HookFieldError."""
    new = Said(
        before.url if url is None else url,
        before.name,
        before.types if types is None else types,
        before.batches if batches is None else batches,
        before.accounts if accounts is None else accounts,
    )
    checked = described(new, settings)
    return replace(checked, secret_env=before.secret_env, secret_file=before.secret_file)


def overlap_ms(given: str | None) -> int:
    """Return for how long two secrets sign; raises HookFieldError."""
    found = duration(given or _OVERLAP)
    if found is None:
        raise HookFieldError("overlap", given, "must be a length of time, as 12h or 2d")
    return found


def again(
    client: "redis.Redis", name: str, *, since: str | None, brief: str | None, failed: bool
) -> Callable[["redis.Redis"], Iterator[operating.Told]]:
    """Return which events of a shard are sent again.

    Raises HookFieldError unless they are named in exactly one way, redis.RedisError.
    """
    if sum(map(bool, (since, brief, failed))) != 1:
        raise HookFieldError("since", since, "say what is sent again in one way of: since, brief, failed")
    if failed:
        return lambda shard: operating.given_up(shard, name)
    if brief:
        found = snapshots.brief(client, brief)
        first = "0" if found is None else f"{found.accepted_at - 1}-0"
        return lambda shard: operating.of_brief(shard, brief, first)
    text = since or ""
    entry = text if _ENTRY.fullmatch(text) else _entry_at(client, text)
    return lambda shard: operating.since(shard, entry)


def facts(standing: Standing) -> dict[str, Any]:
    """Return how an endpoint fares, for programs."""
    told = asdict(standing) | asdict(standing.endpoint)
    paused = None if standing.paused is None else standing.paused._asdict()
    return {name: value for name, value in told.items() if name != "endpoint"} | {"paused": paused}


def _check_type(type_: str) -> None:
    if any(fnmatchcase(known, type_) for known in CATALOGUE):
        return
    near = nearest(type_, CATALOGUE)
    told = f"the nearest is {near}" if near else "`identity-worker schema events` has all"
    raise HookFieldError("types", type_, f"no type of events is called so; {told}")


def _entry_at(client: "redis.Redis", text: str) -> str:
    when = moment(text)
    if when is None:
        raise HookFieldError(
            "since", text, f"must be an entry's ID as 1700000000000-0; else it {MOMENT_RULE}"
        )
    return f"{max(0, when.at(redis_ms(client.time())) - 1)}-0"
