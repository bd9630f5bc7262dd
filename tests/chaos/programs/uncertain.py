"""What becomes of creates whose outcome is unknown: how many are adopted, sent again, held; none paid twice.

    python -m tests.chaos.programs.uncertain [CREATES] [SPEED]

Accounts at their cap, with two workers and a listener. Of the creates, seven in ten lose their answer, two in
ten never arrive, one in twenty arrives long after its connection was closed, and now and then the workers are
killed while one is not answered. Other products start jobs on the same accounts all the time, and somebody
creates by hand. Every brief has its own name, so the ledger of the sandbox says whose each job is. The last
line is one JSON object; exits 1 when one was paid twice, or got the job of another. One that was made by hand
in the seconds of a lost call can't be told from the brief's own (docs/decisions.md): such are counted apart.
"""

import json
import random
import sys
import time
import urllib.error
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx

from config import keys
from tests.chaos.harness.world import World, world
from worker.views import snapshots

CREATES = 200
SPEED = 40.0
ACCOUNTS = 4
#: Seconds between two jobs of other products, two creates by hand, and two kills.
OTHERS_EVERY, BY_HAND_EVERY, KILL_EVERY = 0.7, 12.0, 20.0
#: Seconds after which the run is given up.
PATIENCE = 1_200.0
#: What a create ends in on the journal when its outcome is unknown.
UNKNOWN = ("OutcomeUnknown", "Unexpected", "unknown")
FAULTS = (
    {"kind": "drop_response", "chance": 0.7},
    {"kind": "refuse", "chance": 0.67},
    {"kind": "linger", "chance": 0.5, "seconds": 7},
)
PATH = "/identity/create"
#: How the names of jobs begin that are none of our briefs'.
BY_HAND = "by hand"


def measure(creates: int, speed: float, *, kills: bool = True, seed: int = 1) -> dict[str, Any]:
    """Run until every brief has come to an end, and return the figures."""
    draws = random.Random(seed)
    began = time.monotonic()
    with world(accounts=ACCOUNTS, speed=speed, timeout=2, workers=2) as made:
        # The stream must have told of a job of each account once.
        for account in made.accounts:
            made.send(_brief(f"first-{account}", account, draws))
        _wait(made, Disturbance(made, draws, quiet=True))
        made.control("POST", "faults", [{**fault, "path": PATH, "count": None} for fault in FAULTS])
        for number in range(creates):
            made.send(_brief(f"brief-{number}", f"account-{number % ACCOUNTS}", draws))
        disturbance = Disturbance(made, draws, kills=kills)
        _wait(made, disturbance)
        return {
            **_figures(made),
            "kills": disturbance.kills,
            "by_hand": disturbance.by_hand,
            "seconds": round(time.monotonic() - began),
        }


class Disturbance:
    """What happens on the accounts beside our briefs, each at its pace."""

    def __init__(
        self, made: World, draws: random.Random, *, quiet: bool = False, kills: bool = False
    ) -> None:
        self.kills = self.by_hand = 0
        self._made, self._draws = made, draws
        self._acts = [] if quiet else [(OTHERS_EVERY, self._other_job), (BY_HAND_EVERY, self._create_by_hand)]
        self._acts += [(KILL_EVERY, self._kill)] if kills else []
        self._due = [time.monotonic() + every for every, _ in self._acts]

    def go_on(self) -> None:
        """Do what is due."""
        for number, (every, act) in enumerate(self._acts):
            if time.monotonic() >= self._due[number]:
                act()
                self._due[number] = time.monotonic() + every

    def _other_job(self) -> None:
        order = {"account": self._token(), "seconds": self._draws.uniform(5, 60)}
        try:
            self._made.control("POST", "other-jobs", order)
        except urllib.error.HTTPError as error:
            if error.code != httpx.codes.CONFLICT:  # the account has no job free
                raise

    def _create_by_hand(self) -> None:
        headers = {"Authorization": f"Bearer {self._token()}"}
        body = {"instructions": _instructions(self._draws), "name": f"{BY_HAND} {self.by_hand}"}
        try:
            answer = httpx.post(self._made.api_url + PATH, json=body, headers=headers)
        except httpx.TransportError:  # the faults strike here, too
            return
        self.by_hand += answer.is_success

    def _kill(self) -> None:
        """Kill the workers while a create is not answered."""
        made, path = self._made, PATH
        held = {"kind": "delay", "path": path, "when": "after", "seconds": 10}
        rules = made.control("GET", "faults")
        made.control("DELETE", "faults")
        made.control("POST", "faults", [held, *rules])
        until = time.monotonic() + 5
        while made.control("GET", "faults")[0]["kind"] == "delay" and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.1)  # until the job is made: the fault is counted before it
        for worker in made.fleet.of("worker"):
            worker.kill()
        self.kills += 1

    def _token(self) -> str:
        return self._draws.choice(list(self._made.accounts.values()))


def _brief(name: str, account: str, draws: random.Random) -> dict[str, Any]:
    return {"brief_id": name, "name": name, "account": account, "instructions": _instructions(draws)}


def _instructions(draws: random.Random) -> list[dict[str, Any]]:
    """Return 1 to 3 faces of 1 to 4 drafts each, as briefs of many hands have them."""
    return [
        {"prompt": f"A face, {draws.random()}.", "num_variations": draws.randint(1, 4)}
        for _ in range(draws.randint(1, 3))
    ]


def _wait(made: World, disturbance: Disturbance) -> None:
    until = time.monotonic() + PATIENCE
    while any(brief.state not in ("done", "failed", "held") for brief in made.briefs()) or len(
        made.briefs()
    ) < len(made.sent):
        if time.monotonic() > until:
            raise TimeoutError(f"not at an end: {Counter(brief.state for brief in made.briefs())}")
        disturbance.go_on()
        time.sleep(0.1)


def _figures(made: World) -> dict[str, Any]:
    briefs = made.briefs()
    ends = Counter(what for brief in briefs for what in _creates(made, brief.brief_id))
    jobs = [
        job
        for account in made.ledger()["accounts"].values()
        for job in account["jobs"]
        if job["job_type"] == "identity_creation"
    ]
    names = {job["job_id"]: job["name"] for job in jobs}
    made_for = Counter(names.values())
    other = sum(
        job["job_type"] not in ("identity_creation", "identity_preprocessing")
        for account in made.ledger()["accounts"].values()
        for job in account["jobs"]
    )
    held = [brief for brief in briefs if brief.state == "held"]
    # Of each brief: two that have one job count, though one of them is right.
    adopted = [
        (names.get(brief.job_id) or "", brief.brief_id) for brief in briefs if brief.job_id is not None
    ]
    wrong = [name for name, brief_id in adopted if name != brief_id]
    by_hand = [name for name in wrong if name.startswith(BY_HAND)]
    return {
        "briefs": len(briefs),
        "unknown": sum(ends[what] for what in UNKNOWN),
        "adopted": ends["adopted"],
        "resent": ends["not arrived"],
        "held": len(held),
        "held_why": dict(Counter(_reason(brief.question or "") for brief in held)),
        "held_with_a_job": sum(made_for[brief.brief_id] > 0 for brief in held),
        "done": sum(brief.state == "done" for brief in briefs),
        "failed": sum(brief.state == "failed" for brief in briefs),
        "paid_twice": sum(made_for[brief.brief_id] > 1 for brief in briefs),
        "wrong_adoption": len(wrong) - len(by_hand),
        "by_hand_adopted": len(by_hand),
        "most_jobs_in_flight": max(
            account["max_jobs_in_flight"] for account in made.ledger()["accounts"].values()
        ),
        "other_jobs": other,
        "permits_left": sum(made.store.client.zcard(keys.PERMITS(account)) for account in made.accounts),
    }


def _creates(made: World, brief_id: str) -> Iterator[str]:
    """What the journal says that came of each create."""
    for entry in snapshots.journal(made.store.client, brief_id):
        if entry["call"] == "create" and not entry.get("late"):
            yield entry["what"]


def _reason(question: str) -> str:
    return question.partition("(")[2].partition(")")[0].partition(";")[0]


def main(creates: int, speed: float) -> int:
    """Measure, print, and return the exit code."""
    result = measure(creates, speed)
    for name, value in result.items():
        print(f"{name:20} {value}")
    print(json.dumps(result))
    return 1 if result["paid_twice"] or result["wrong_adoption"] else 0


if __name__ == "__main__":
    arguments = [float(argument) for argument in sys.argv[1:]]
    sys.exit(main(int(arguments[0]) if arguments else CREATES, arguments[1] if arguments[1:] else SPEED))
