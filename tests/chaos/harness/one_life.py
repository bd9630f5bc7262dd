"""One brief from its message to its two identities, in processes of its own, one of which may be killed."""

import itertools
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from actors.broker.broker import Broker, brief_message
from config import keys
from config.accounts.names import DEFAULT
from config.settings import Settings
from sandbox import Sandbox, running
from sandbox.pictures.draw import draw
from tests.chaos.harness import points
from tests.chaos.harness.fleet import QUICK, ROOT, Fleet
from tests.chaos.harness.points import Point
from tests.chaos.harness.store import Store, store
from tests.chaos.harness.stories import STORIES
from tests.chaos.invariants import invariants
from tests.chaos.invariants.invariants import Breach
from tests.chaos.starting import STARTING
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, brief_subject
from worker.store.connection import connect
from worker.views import snapshots

#: Clocks of the API run so many times faster.
SPEED = 200.0
#: Seconds that a life may take; and to become quiet after the brief's end.
LIFE_SECONDS = 150.0
QUIET_SECONDS = 15.0
#: Lives at once on one server, each in a database of its own.
DATABASES = 512
BRIEF = "b"
JOBS: dict[str, Any] = {
    "drafts_median_seconds": 20,
    "preprocessing_median_seconds": 20,
    "not_found_seconds": 0,
}
_databases = itertools.count(1)


@dataclass(frozen=True)
class Stage:
    """What the lives share: a Redis server, a sandbox, a photo."""

    store: Store
    sandbox: Sandbox
    folder: Path

    @classmethod
    @contextmanager
    def set(cls, folder: Path) -> Iterator["Stage"]:
        """Set it for the length of the block."""
        photo = folder / "photos" / "ada.jpg"
        photo.parent.mkdir()
        look = {"appearance": {"skin": "dark"}, "hair": {"color": "pink", "length": "long"}}
        photo.write_bytes(draw({**look, "options": {"size": "1K", "ar": "1:1", "format": "jpg"}}, "s", 0))
        spread: dict[str, Any] = {"drafts_spread_seconds": 0, "preprocessing_spread_seconds": 0}
        with (
            store(folder / "valkey", databases=DATABASES) as server,
            running(speed=SPEED, seed=1, **JOBS, **spread) as sandbox,
        ):
            yield cls(server, sandbox, folder)


@dataclass
class Life:
    """How a brief fared: where it was cut, what was asked of an operator, what was wrong at the end."""

    story: str
    point: Point | None
    killed: bool = False
    state: str = ""
    promotions: list[str] = field(default_factory=list)
    """The states of its promotions."""
    questions: list[str] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    bought: dict[str, int] = field(default_factory=dict)
    """Times that the API charged for each thing."""
    seconds: float = 0.0
    calls: dict[str, list[str]] = field(default_factory=dict)
    """By role, the calls of an undisturbed life."""

    @property
    def as_it_should_be(self) -> bool:
        """Whether it ended as every life must, at the price of one and without a person's help.

        But an operator may have asked for a second description: nothing tells whether the first one was made.
        """
        extra = sum("description" in question for question in self.questions)
        if extra < len(self.questions):
            return False
        price = STORIES[self.story].price
        paid = self.bought == price or (extra == 1 and self.bought == price | {"extraction": 2})
        ended = (self.state, self.promotions) == ("done", ["ready", "ready"])
        return ended and paid and not self.breaches

    @property
    def where(self) -> str:
        """What was cut where."""
        return f"{self.story}, {self.point}"

    def __str__(self) -> str:
        ended = f"{self.state} {self.promotions}"
        told = f"{self.where}: {ended} in {self.seconds:.1f} s, bought {self.bought}"
        told += f", asked {self.questions}" if self.questions else ""
        return told + "".join(f"\n    {breach}" for breach in self.breaches)


def lives(stage: Stage, story: str, point: Point | None) -> Life:
    """Let a brief live; with a point, one of its processes is killed there, once."""
    scene = _Scene(stage, next(_databases), Life(story, point))
    began = time.monotonic()
    life = scene.play()
    life.seconds = time.monotonic() - began
    return life


class _Scene:
    """One life in the making."""

    def __init__(self, stage: Stage, number: int, life: Life) -> None:
        self._stage = stage
        self._life = life
        self._folder = stage.folder / f"life-{number}"
        self._folder.mkdir()
        self._token = f"sandbox-life-{number}"
        self._environment = {
            "REDIS_URL": f"{stage.store.url}/{number}",
            "PIKTID_API_URL": stage.sandbox.url,
            "PIKTID_API_TOKEN": self._token,
            "IDENTITY_WORKER_SPEED": str(SPEED),
            "IDENTITY_WORKER_REQUEST_TIMEOUT": "1",
            "IDENTITY_WORKER_REFERENCE_DIR": str(stage.folder / "photos"),
            # One thread, so that the calls come in the same order each time.
            "IDENTITY_WORKER_THREADS": "1",
        }
        self._client: redis.Redis = connect(self._environment["REDIS_URL"])
        self._ledger = Ledger(self._client, Settings(api_url=stage.sandbox.url, speed=SPEED))

    def play(self) -> Life:
        """Send the brief, be the person and the operator whom it needs, and look at what came of it."""
        life = self._life
        # The account has had jobs before: whether its stream tells of them is known.
        self._client.hset(keys.STREAM(DEFAULT), "told_at", 1)
        with Fleet(self._folder, self._environment, QUICK) as fleet:
            for role in ("worker", "listener"):
                fleet.add(role, first=self._first(role))
            self._send()
            self._wait_for_end()
            life.killed = life.killed or any(member.deaths for member in fleet.members)
            brief = snapshots.brief(self._client, BRIEF)
            life.state = brief.state if brief else "not on record"
            life.promotions = [promotion.state for promotion in brief.promotions] if brief else []
            life.breaches = self._quiet()
            reasons = [charge["reason"] for charge in self._api()["credits"]["charges"]]
            life.bought = {reason: reasons.count(reason) for reason in set(reasons)}
        if life.point is None:
            life.calls = {path.stem: path.read_text().splitlines() for path in self._folder.glob("*.calls")}
        self._client.close()
        return life

    def _first(self, role: str) -> dict[str, str]:
        """Return what the first process of a role has in its environment: the point, or where to write."""
        point = self._life.point
        if point is None:
            return {points.CRASH_LOG: str(self._folder / f"{role}.calls")}
        return {points.CRASH_POINT: json.dumps(point)} if point.role == role else {}

    def _send(self) -> None:
        asks = STORIES[self._life.story].asks
        brief = {"brief_id": BRIEF, "name": BRIEF, "choose": "manual", **asks}
        broker = Broker(self._environment["REDIS_URL"], prefetch=1)
        broker.enqueue(brief_message(json.dumps(brief)))
        broker.client.close()

    def _brief(self) -> Record | None:
        return self._ledger.read(brief_subject(BRIEF))

    def _wait_for_end(self) -> None:
        until = time.monotonic() + LIFE_SECONDS
        while time.monotonic() < until:
            brief = self._brief()
            state = brief.state if brief else ""
            if state in ("done", "failed", "cancelled"):
                return
            if brief is not None and state == "choosing":
                self._pick(brief)
            elif brief is not None and state == "held":
                self._answer(brief)
            time.sleep(0.05)

    def _pick(self, brief: Record) -> None:
        """Choose all drafts; a killed `pick` is typed again, as a person would."""
        drafts = [str(draft["image_result_id"]) for draft in brief.json("drafts")]
        if self._run("pick", BRIEF, *drafts, more=self._first("pick")) < 0:
            self._life.killed = True
            self._run("pick", BRIEF, *drafts)

    def _answer(self, brief: Record) -> None:
        """Answer the question of a held brief as an operator who looks at the API's own record would."""
        self._life.questions.append(str(brief.get("question")))
        jobs = [job["job_id"] for job in self._api()["jobs"] if job["job_type"] == "identity_creation"]
        if jobs and snapshots.journal(self._client, BRIEF)[-1]["call"] == "create":
            self._run("resolve", BRIEF, "--adopt", jobs[0])
        else:
            self._run("resolve", BRIEF, "--resend")

    def _api(self) -> Any:
        return self._stage.sandbox.ledger(self._token)

    def _run(self, *arguments: str, more: dict[str, str] | None = None) -> int:
        """Run a command of ours; return its exit code."""
        command = [sys.executable, "-m", "tests.chaos.programs.quick", *arguments]
        environment = {**os.environ, **self._environment, **(more or {})}
        with Path(os.devnull).open("r+b") as nothing:
            return STARTING.start(command, environment, ROOT, (nothing, nothing, nothing)).wait()

    def _quiet(self) -> list[Breach]:
        """Return the breaches that are left once nothing changes any more, or after a while."""
        until = time.monotonic() + QUIET_SECONDS
        while (found := self._look()) and time.monotonic() < until:
            time.sleep(0.1)
        return found

    def _look(self) -> list[Breach]:
        ledger: Any = self._stage.sandbox.ledger()
        resent = [BRIEF] if self._life.questions else []
        return invariants.look(self._client, ledger, {DEFAULT: self._token}, [BRIEF], resent)
