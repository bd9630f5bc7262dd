"""Several workers and a server at once, in real time: a server with a clock of its own is the judge.

The API's clocks run 600 times as fast, so that a window is a tenth of a second.
"""

import json
import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field

import pytest
import redis
from side_by_side.seen import ENDPOINTS

from config import durations, keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.arrivals import Arrival
from worker.ledger.events import BriefAccepted
from worker.ledger.library import ledger_library
from worker.ledger.transition import Completion, Pause, Transition
from worker.store.connection import connect
from worker.store.functions import Functions

SPEED = 600.0
SETTINGS = Settings(api_url="http://127.0.0.1", speed=SPEED)
WINDOW = durations.RATE_WINDOW_SECONDS / SPEED
WORKERS = 3
BRIEFS = 30
JOBS = 4
RATE = 5
SLOTS = 40
#: Milliseconds after which a lost step is sent again.
LOST = 50
#: Seconds after which the test gives up.
DEADLINE = 60.0


@dataclass
class Judge:
    """The server: counts each request and each job when it comes, and notes what breaks a cap."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    came: dict[str, deque[float]] = field(default_factory=lambda: {e: deque() for e in ENDPOINTS})
    jobs: set[str] = field(default_factory=set)
    identities: int = 0
    most: Counter[str] = field(default_factory=Counter)

    def receive(self, endpoint: str, subject: str) -> None:
        """Count a request, and the job that it starts."""
        with self.lock:
            now = time.perf_counter()
            came = self.came[endpoint]
            while came and came[0] <= now - WINDOW:
                came.popleft()
            came.append(now)
            self.jobs.add(subject)
            self.identities += endpoint == "promote"
            self.most[endpoint] = max(self.most[endpoint], len(came))
            self.most["jobs"] = max(self.most["jobs"], len(self.jobs))

    def finish(self, subject: str) -> None:
        """End a job."""
        with self.lock:
            self.jobs.discard(subject)


@dataclass
class Worker:
    """Takes steps off the queue and does them; now and then it dies before, or in the middle."""

    url: str
    judge: Judge
    seed: int

    def run(self) -> None:
        """Work until every brief is finished."""
        chance = random.Random(self.seed)
        end = time.monotonic() + DEADLINE
        with connect(self.url) as client:
            functions = Functions(client, ledger_library(SETTINGS))
            while client.zcard(keys.UNFINISHED()) and time.monotonic() < end:
                functions.run(commands.due(most=20))
                taken = client.blpop([keys.QUEUE(keys.STEPS)], timeout=0.01)
                if taken is not None:
                    message = json.loads(str(client.hget(keys.MESSAGES(keys.STEPS), taken[1])))
                    client.hdel(keys.MESSAGES(keys.STEPS), taken[1])
                    if chance.random() > 0.1:  # else it died with the message in hand
                        self.step(client, functions, message["args"][0], chance)

    def step(self, client: "redis.Redis", functions: Functions, subject: str, chance: random.Random) -> None:
        """Take a subject a step further."""
        client.hdel(keys.RECORD(subject), "hinted")
        state = client.hget(keys.RECORD(subject), "state")
        brief = subject.startswith("brief:")
        if state in ("waiting", "planned"):
            self._ask(functions, subject, brief, chance)
        elif state == "generating":
            self.judge.finish(subject)
            functions.run(commands.advance(subject, Transition("choosing", promotions=[{"tried": "0"}])))
        elif state == "preprocessing":
            self.judge.finish(subject)
            functions.run(commands.advance(subject, Transition("ready")))

    def _ask(self, functions: Functions, subject: str, brief: bool, chance: random.Random) -> None:
        asking, after = ("submitting", "generating") if brief else ("promoting", "preprocessing")
        if functions.run(commands.advance(subject, Transition(asking, timer_ms=5_000))) != "applied":
            return
        if chance.random() < 0.15:
            pause = Pause("create" if brief else "promote", 20, "not sent")
            to = "waiting" if brief else "planned"
            given_back = Transition(to, completion=Completion.NEVER_LEFT, pause=pause)
            functions.run(commands.advance(subject, given_back))
            return
        self.judge.receive("create" if brief else "promote", subject)
        code = {} if brief else {"identity_code": subject}
        answered = Transition(after, completion=Completion.COUNTED, fields=code, timer_ms=10)
        functions.run(commands.advance(subject, answered))


def test_workers_at_once_keep_every_cap_and_leave_nothing(
    model_client: "redis.Redis", model_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_client.flushall()
    for wait in ("GRANT_MS", "STEP_AGAIN_MS", "MESSAGE_LOST_MS"):
        monkeypatch.setattr(durations, wait, LOST)
    functions = Functions(model_client, ledger_library(SETTINGS))
    limits = {"jobs": JOBS, "slots": SLOTS, "create_per_minute": RATE, "promote_per_minute": RATE}
    functions.run(commands.set_limits(account="a", limits={k: str(v) for k, v in limits.items()}, by="test"))
    judge = Judge()
    for number in range(BRIEFS):
        fields = {"envelope": '"brief_id":""', "need": "1"}
        event = BriefAccepted(instructions=1, variations=1, notes=())
        functions.run(commands.accept(Arrival(str(number), "a", f"{number % 3}", 0, fields, event)))
    workers = [threading.Thread(target=Worker(model_url, judge, seed).run) for seed in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert model_client.zcard(keys.UNFINISHED()) == 0, "not all came to their end"
    assert judge.most["create"] <= RATE
    assert judge.most["promote"] <= RATE
    assert judge.most["jobs"] == JOBS
    assert judge.identities == BRIEFS
    assert model_client.zcard(keys.IDENTITIES("a")) == BRIEFS
    assert not model_client.exists(
        keys.PERMITS("a"), keys.SLOTS("a"), *(keys.WAITING("a", e) for e in ENDPOINTS)
    )
    under_way = [model_client.zcount(keys.WINDOW("a", e), "+inf", "+inf") for e in ENDPOINTS]
    assert under_way == [0, 0]
