"""What a person does to endpoints: adds, pauses, removes them, changes secrets, has events sent again.

Each is in the log of actions before it is begun. Everything here raises redis.RedisError.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import redis

from config import keys
from config.errors import IdentityWorkerError
from config.settings import Settings
from config.times import redis_ms
from worker.hooks import keeping
from worker.hooks.calls import Matched, hook_fan, hook_pause, hook_set
from worker.hooks.endpoints import Endpoint, brief_of
from worker.ledger.library import ledger_library
from worker.ledger.transition import Answer
from worker.operations import actions
from worker.operations.halts import Halt, read_halt
from worker.shards.merged import clients_of
from worker.store.functions import Functions
from worker.views import outbox

#: Events that are handed on in one call.
_AT_ONCE = 100
#: An event as it stands in the stream: its entry and its text.
Told = tuple[str, str]


class EndpointError(IdentityWorkerError):
    """Raised when an endpoint can't be changed so."""


class Endpoints:
    """The endpoints, as one person changes them for one reason."""

    def __init__(self, client: "redis.Redis", settings: Settings, by: str, why: str | None = None) -> None:
        self._client = client
        self._settings = settings
        self._shards = [(each, Functions(each, ledger_library(settings))) for each in clients_of(client)]
        self._by = by
        self._why = why

    def add(self, endpoint: Endpoint) -> str | None:
        """Put an endpoint on record; return the secret that was made for it, None where it has one.

        Raises EndpointError, HookSecretError, KeptSecretError and FolderError.
        """
        made = None
        if self._client.hexists(keys.HOOKS(), endpoint.name):
            raise EndpointError(
                f"there is an endpoint {endpoint.name} already; --name gives this one another"
            )
        if endpoint.is_own_secret:
            made = keeping.make(endpoint.own_place(self._settings))
        else:
            endpoint.secrets(self._settings)
        self._record("hooks add", endpoint)
        for functions in self._each:
            if functions.run(hook_set(endpoint.name, endpoint.definition(), new=True)) is not Answer.APPLIED:
                raise EndpointError(f"somebody else has just added an endpoint {endpoint.name}")
        return made

    def change(self, endpoint: Endpoint) -> None:
        """Change an endpoint, which keeps its name; events that wait are sent to what it is then.

        Raises EndpointError.
        """
        self._record("hooks change", endpoint)
        for functions in self._each:
            if functions.run(hook_set(endpoint.name, endpoint.definition())) is not Answer.APPLIED:
                raise EndpointError(f"somebody else has just removed the endpoint {endpoint.name}")

    def remove(self, endpoint: Endpoint) -> None:
        """Forget an endpoint, all that waits for it, and the secret that was made for it."""
        self._record("hooks remove", endpoint)
        for functions in self._each:
            functions.run(hook_set(endpoint.name, None))
        if endpoint.is_own_secret:
            endpoint.own_place(self._settings).unlink(missing_ok=True)

    def pause(self, endpoint: Endpoint) -> Halt | None:
        """Send an endpoint nothing from now on; return the pause that stood there."""
        self._record("hooks pause", endpoint)
        pause = Halt(self._by, self._now(), self._why or "")
        return self._paused(endpoint, json.dumps(pause._asdict()))

    def unpause(self, endpoint: Endpoint) -> Halt | None:
        """Send an endpoint all that waits for it; return the pause that stood there."""
        recorded = self._record("hooks unpause", endpoint)
        before = self._paused(endpoint, None)
        if before is None:
            recorded.not_done()
        return before

    def rotate(self, endpoint: Endpoint, overlap_ms: int) -> str:
        """Make an endpoint's secret anew; the one before signs beside it for so long. Returns the new one.

        Raises EndpointError, HookSecretError and FolderError.
        """
        if not endpoint.is_own_secret:
            raise EndpointError(
                f"the secret of {endpoint.name} was not made here: write the new one into the first line of "
                f"{endpoint.secret_file or endpoint.secret_env}, and leave the old one in the second"
            )
        self._record("hooks secret", endpoint)
        now = self._now()
        return keeping.rotate(endpoint.own_place(self._settings), (now + overlap_ms) / 1000, now / 1000)

    def resend(self, endpoint: Endpoint, told: Callable[["redis.Redis"], Iterable[Told]]) -> int:
        """Send again the events that `told` yields for each shard; return how many.

        Events of kinds that the endpoint is not told of are left out.
        """
        self._record("hooks resend", endpoint)
        return sum(_resent(functions, endpoint, told(client)) for client, functions in self._shards)

    @property
    def _each(self) -> list[Functions]:
        return [functions for _, functions in self._shards]

    def _paused(self, endpoint: Endpoint, pause: str | None) -> Halt | None:
        before = [functions.run(hook_pause(endpoint.name, pause)) for functions in self._each]
        return read_halt(next(filter(None, before), None))

    def _record(self, what: str, endpoint: Endpoint) -> actions.Recorded:
        return actions.record(
            self._shards[0][0], what, self._by, self._why, endpoint=endpoint.name, host=endpoint.host
        )

    def _now(self) -> int:
        return redis_ms(self._client.time())


def _resent(functions: Functions, endpoint: Endpoint, told: Iterable[Told]) -> int:
    read = ((entry, json.loads(text)) for entry, text in told)
    wanted = (
        Matched(entry, brief_of(event), [endpoint.name])
        for entry, event in read
        if endpoint.wants(event["type"], event["data"])
    )
    number = 0
    while some := list(islice(wanted, _AT_ONCE)):
        functions.run(hook_fan(some))
        number += len(some)
    return number


def since(client: "redis.Redis", entry: str) -> Iterator[Told]:
    """Yield the events after an entry of the stream, up to the newest one of now."""
    newest: Any = client.xrevrange(keys.EVENTS(), count=1)
    last = newest[0][0] if newest else entry
    while (found := outbox.texts(client, entry)) and entry != last:
        for entry, text in found:
            yield entry, text
            if entry == last:
                return


def of_brief(client: "redis.Redis", brief_id: str, entry: str) -> Iterator[Told]:
    """Yield the events of a brief after an entry of the stream."""
    for each, text in since(client, entry):
        if brief_id in text and brief_of(json.loads(text)) == brief_id:
            yield each, text


def given_up(client: "redis.Redis", name: str) -> Iterator[Told]:
    """Yield the events that an endpoint was sent in vain, as far as the stream still has them."""
    failed: Any = client.zrange(keys.HOOK_FAILED(name), 0, -1)
    for each in failed:
        found: Any = client.xrange(keys.EVENTS(), each, each)
        yield from ((entry, fields["event"]) for entry, fields in found)
