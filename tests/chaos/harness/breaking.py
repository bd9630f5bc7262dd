"""Breaking what the plan says, and mending all of it at the end."""

import heapq
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import redis

from config import keys
from tests.chaos.harness.around import WAYS, Around
from tests.chaos.harness.fleet import Member
from tests.chaos.harness.plan import Fault
from tests.chaos.harness.world import World
from tests.chaos.replicas.replicated import Replicated
from tests.servers.server import until
from worker.operations import owners

#: How long tokens live (the API's seconds): one ends in the run, and is replaced late, the other does not.
LIFETIMES = (3_600, 30 * 86_400)
#: Every step that there is: one that comes unasked finds that it has nothing to do.
STEPS = {
    "brief": ("prepare_brief", "submit_brief", "collect_drafts"),
    "promotion": ("promote_draft", "finish_identity"),
}


class Breaker:
    """Makes the faults of a plan in a world."""

    def __init__(self, world: World, around: Around | None = None) -> None:
        self._around = around
        self.made: Counter[str] = Counter()
        """How many faults of each kind were made."""
        self._world = world
        self._ends: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def make(self, fault: Fault) -> None:
        """Make one fault; what has no end of its own is ended by `end_due`."""
        if fault.rule is not None:
            self._world.control("POST", "faults", fault.rule)
        else:
            getattr(self, f"_{fault.kind}")(fault)
        self.made[fault.kind] += 1

    def end_due(self, *, all_: bool = False) -> None:
        """End the faults whose time has come, or all of them."""
        while self._ends and (all_ or self._ends[0][0] <= time.monotonic()):
            heapq.heappop(self._ends)[2]()

    def mend(self) -> None:
        """End every fault: from here on nobody breaks anything, and nobody helps."""
        self.end_due(all_=True)
        self._world.control("DELETE", "faults")
        if self._around is not None:
            until(self._mended)
        for account in self._world.accounts:
            until(partial(self._rotated, account))  # a failover may be under way still

    def _mended(self) -> bool:
        assert self._around is not None
        self._around.mend()
        return True

    def _rotated(self, account: str) -> bool:
        _rotate(self._world, account, LIFETIMES[1], self._world.store.client)
        return True

    def _later(self, seconds: float, end: Callable[[], None]) -> None:
        heapq.heappush(self._ends, (time.monotonic() + seconds, next(self._numbers), end))

    def _victim(self, role: str, fault: Fault) -> Member:
        members = self._world.fleet.of(role)
        return members[fault.which % len(members)]

    def _kill_worker(self, fault: Fault) -> None:
        self._victim("worker", fault).kill()

    def _kill_listener(self, fault: Fault) -> None:
        self._victim("listener", fault).kill()

    def _kill_web(self, fault: Fault) -> None:
        self._victim("web", fault).kill()

    def _kill_deliver(self, fault: Fault) -> None:
        self._victim("deliver", fault).kill()

    def _freeze_deliver(self, fault: Fault) -> None:
        self._freeze(self._victim("deliver", fault), fault.lasts)

    def _endpoint_fails(self, fault: Fault) -> None:
        assert self._around is not None
        receiver = self._around.receivers[fault.which % len(self._around.receivers)]
        receiver.fail(1 + fault.which % 5, WAYS[fault.which % len(WAYS)])

    def _kill_all(self, _: Fault) -> None:
        for member in self._world.fleet.members:
            member.kill()

    def _freeze_worker(self, fault: Fault) -> None:
        self._freeze(self._victim("worker", fault), fault.lasts)

    def _freeze_listener(self, fault: Fault) -> None:
        self._freeze(self._victim("listener", fault), fault.lasts)

    def _freeze_web(self, fault: Fault) -> None:
        self._freeze(self._victim("web", fault), fault.lasts)

    def _freeze(self, member: Member, seconds: float) -> None:
        member.freeze()
        self._later(seconds, member.thaw)

    def _deploy_worker(self, fault: Fault) -> None:
        self._victim("worker", fault).terminate()

    def _deploy_listener(self, fault: Fault) -> None:
        self._victim("listener", fault).terminate()

    def _deploy_web(self, fault: Fault) -> None:
        self._victim("web", fault).terminate()

    def _deploy_all(self, _: Fault) -> None:
        for member in self._world.fleet.members:
            member.terminate()

    def _redis_killed(self, fault: Fault) -> None:
        self._world.store.kill()
        self._later(fault.lasts, self._world.store.start)

    _redis_away = _redis_away_a_minute = _redis_killed

    def _redis_frozen(self, fault: Fault) -> None:
        self._world.store.freeze()
        self._later(fault.lasts, self._world.store.thaw)

    def _redis_switched(self, _: Fault) -> None:
        assert isinstance(self._world.store, Replicated)
        self._world.store.switch()

    def _redis_reset(self, _: Fault) -> None:
        self._to_redis(lambda client: client.execute_command("CLIENT", "KILL", "TYPE", "NORMAL"))

    def _api_reset(self, _: Fault) -> None:
        assert self._world.proxy is not None
        self._world.proxy.reset()

    def _token_rotated(self, fault: Fault) -> None:
        accounts = list(self._world.accounts)
        account = accounts[fault.which % len(accounts)]
        self._to_redis(partial(_rotate, self._world, account, LIFETIMES[fault.which % 2]))
        if fault.which % 2 == 0:
            self._later(
                fault.lasts, lambda: self._to_redis(partial(_rotate, self._world, account, LIFETIMES[1]))
            )

    def _brief_sent_again(self, fault: Fault) -> None:
        if self._world.sent:
            brief = self._world.orders[self._world.sent[fault.which % len(self._world.sent)]]
            self._to_redis(lambda client: _send_brief_again(client, brief, another=fault.which % 2 == 1))

    def _step_sent_again(self, fault: Fault) -> None:
        self._to_redis(lambda client: _send_any_step(client, self._world.sent, fault.which))

    def _to_redis(self, send: Callable[["redis.Redis"], None]) -> None:
        try:
            send(self._world.store.client)
        except redis.RedisError:
            return  # it is away at the moment, and so are those who would send


def _rotate(world: World, account: str, seconds: float, client: "redis.Redis") -> None:
    """Give an account a token for so many of the API's seconds, as an operator does; not if the API fails."""
    # The first one lives for ever.
    headers = {"Authorization": f"Bearer {world.accounts[account]}"}
    try:
        made = httpx.post(f"{world.api_url}/auth/token", json={"expiration": seconds}, headers=headers)
        token = made.raise_for_status().json()["token"]
    except (httpx.HTTPError, ValueError):
        return  # the API's faults strike here, too
    owners.expect_another(client, account, "chaos")
    file = Path(world.environment["ACCOUNTS_FILE"]).with_name(f"{account}.token")
    written = file.with_suffix(".new")
    written.write_text(token)
    written.replace(file)


def _send_brief_again(client: "redis.Redis", brief: Mapping[str, Any], *, another: bool) -> None:
    """Send the same brief, or another one of its id: refused, unless the first never cost anything."""
    more = {"instructions": [{"prompt": "Somebody else."}]} if another else {}
    send(client, keys.INLET, "accept_brief", json.dumps({**brief, **more}))


def _send_any_step(client: "redis.Redis", sent: list[str], which: int) -> None:
    if not sent:
        return
    rng = random.Random(which)
    brief_id = rng.choice(sent[-20:])
    kind = rng.choice(list(STEPS))
    subject = f"brief:{brief_id}" if kind == "brief" else f"promotion:{brief_id}#{rng.randrange(2)}"
    # Two of them, which two workers take at the same time.
    for _ in range(2):
        send(client, keys.STEPS, rng.choice(STEPS[kind]), subject)


def send(client: "redis.Redis", queue: str, actor: str, argument: str) -> None:
    """Put a message on a queue as somebody would by hand, with an id of its own."""
    redis_id = f"again-{client.incr(keys.SEQUENCE())}"
    message: dict[str, Any] = {
        "queue_name": queue,
        "actor_name": actor,
        "args": [argument],
        "kwargs": {},
        "options": {"redis_message_id": redis_id},
        "message_id": redis_id,
        "message_timestamp": 0,
    }
    client.hset(keys.MESSAGES(queue), redis_id, json.dumps(message))
    client.rpush(keys.QUEUE(queue), redis_id)
