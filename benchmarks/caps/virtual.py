"""Briefs on their way through the real functions in virtual time: no worker, no API, nothing that waits.

What the worker's actors would do is done at once when their message is sent, and the API is a list of the
times at which jobs end. Calls that belong to the same tick are sent together.
"""

import heapq
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import redis

from config import durations, keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.arrivals import Arrival
from worker.ledger.events import (
    BriefAccepted,
    DraftDetails,
    DraftsReady,
    PreprocessingCompleted,
    Promoted,
)
from worker.ledger.kinds import Kind
from worker.ledger.library import ledger_library
from worker.ledger.records import parse_subject
from worker.ledger.told import ToldDraft
from worker.ledger.transition import Completion, Transition
from worker.store.functions import Command, Functions

#: The time at which it begins, ms since 1970, as the server's clock would say it.
START = 1_800_000_000_000
#: Milliseconds after which a paid call's worker is taken to be dead.
PAID_CALL = 45_000
LOOK = round(durations.LOOK_AGAIN_SECONDS * 1000)
#: Calls sent together, timers that one call of `due` may wake, messages taken at once: the answer to more
#: could take longer than the client waits.
AT_ONCE = 1_000

_BODY = {
    "instructions": [
        {
            "appearance": {"gender": "female", "age": 28, "ethnicity": "North European", "skin": "light"},
            "face": {"eyes": "pale blue", "eyebrows": "natural arched", "marks": "freckles"},
            "hair": {"color": "ash blonde", "length": "long", "style": "wavy"},
            "num_variations": 1,
            "options": {"size": "2K", "ar": "3:4", "format": "jpg"},
        }
    ],
    "options": {"model": "auto", "add_ai_watermark": False},
    "name": "Spring catalog model",
}
_DRAFT: dict[str, Any] = {
    "image_result_id": 12346,
    "url": "https://images.example.com/drafts/12346/full.jpg?Expires=1800003600&Signature=" + "s" * 64,
    "status": "completed",
    "image_index": 0,
    "group_index": 0,
}


class Simulation:
    """The accounts' briefs; `takes` says how many ms the job of a subject takes, and is asked once each."""

    def __init__(self, client: "redis.Redis", takes: Callable[[str], int], tick: int = 1) -> None:
        self.started = self.now = START
        self.finished: dict[str, int] = {}
        """When each brief was finished, ms."""
        self.calls: Counter[str] = Counter()
        """How often each function was called."""
        self.in_flight: Counter[str] = Counter()
        """Remote jobs of each account; `most_in_flight` is the most that any had."""
        self.most_in_flight = 0
        self._client = client
        self._pipe = client.pipeline(transaction=False)
        self._library = ledger_library(Settings(speed=1))
        Functions(client, self._library).load()
        self._takes = takes
        self._tick = tick
        self._accounts: dict[str, str] = {}
        self._ends: list[tuple[int, str]] = []
        self._expected: list[object] = []
        self._due = START

    def accept(self, brief_id: str, account: str, batch: str | None = None) -> None:
        """Accept a brief of one draft and one promotion; it is sent with the next `flush`."""
        self._accounts[brief_id] = account
        envelope = {"brief_id": brief_id, "batch": batch, "account": account, "metadata": {"sku": 4711}}
        fields = {
            "envelope": json.dumps(envelope)[1:-1],
            "body": json.dumps(_BODY),
            "fingerprint": "0123456789abcdef",
            "choose": '["first"]',
            "on_name_taken": "suffix",
            "need": "1",
            "variations": "1",
            "notes": "[]",
            "name": "Spring catalog model",
        }
        event = BriefAccepted(instructions=1, variations=1, notes=())
        arrival = Arrival(brief_id, account, batch, 0, fields, event)
        self._call(commands.accept(arrival), ["accepted", "", ""])

    def flush(self) -> None:
        """Send what is gathered, and look for due timers; raises RuntimeError if a move was refused."""
        expected, self._expected = self._expected, []
        self._send(commands.due(AT_ONCE))
        *answers, wait = map(_without_told, self._pipe.execute())
        if answers != expected:
            refused = next(pair for pair in zip(expected, answers, strict=True) if pair[0] != pair[1])
            raise RuntimeError(f"a function answered {refused[1]!r} instead of {refused[0]!r}")
        self._due = self.now + wait if wait >= 0 else self.now + LOOK

    def step(self) -> None:
        """Go on to the next moment at which a job ends or a timer is due, and do all that follows from it."""
        following = min([self._due, *(end for end, _ in self._ends[:1])])
        self.now = max(self.now, -(-following // self._tick) * self._tick)
        while self._ends and self._ends[0][0] <= self.now:
            self._end(heapq.heappop(self._ends)[1])
            if len(self._expected) >= AT_ONCE:
                self.flush()
        self.flush()
        self.settle()

    def settle(self) -> None:
        """Do what the messages ask for, until there are none and no timer is due."""
        while (messages := self._messages()) or self._due <= self.now:
            for message in messages:
                self._act(message["actor_name"], message["args"][0])
            self.flush()

    def _messages(self) -> list[Any]:
        """Take messages off the queue of steps, oldest first."""
        ids: Any = self._client.lpop(keys.QUEUE(keys.STEPS), AT_ONCE)
        if not ids:
            return []
        texts = keys.MESSAGES(keys.STEPS)
        with self._client.pipeline(transaction=False) as pipe:
            pipe.hmget(texts, ids)
            pipe.hdel(texts, *ids)
            found, _ = pipe.execute()
        return [json.loads(text) for text in found]

    def _act(self, actor: str, subject: str) -> None:
        if actor == "submit_brief":
            self._submit(subject)
        elif actor == "promote_draft":
            self._promote(subject)
        # The others look at a job that is still running: nothing comes of it.

    def _submit(self, subject: str) -> None:
        job = f"job_{subject[6:]}"
        said = {"call": "create", "subject": subject, "attempt": 1}
        self._move(subject, "submitting", timer_ms=PAID_CALL, journal=said | {"what": "intended"})
        self._move(
            subject, "generating", fields={"job_id": job}, completion=Completion.COUNTED, timer_ms=LOOK,
            jobs=[job], journal=said | {"what": "accepted", "job_id": job},
        )  # fmt: skip
        self._start(subject)

    def _promote(self, subject: str) -> None:
        code, job = f"code{subject[10:]}", f"job_pre{subject[10:]}"
        ids = {"identity_code": code, "preprocessing_job_id": job}
        said = {"call": "promote", "subject": subject, "attempt": 1}
        self._move(subject, "promoting", timer_ms=PAID_CALL, journal=said | {"what": "intended"})
        event = Promoted(**_draft(subject, code), preprocessing_job_id=job)
        self._move(
            subject, "preprocessing", fields=ids, completion=Completion.COUNTED, timer_ms=LOOK,
            jobs=[code, job], journal=said | {"what": "accepted"} | ids, event=event,
        )  # fmt: skip
        self._start(subject)

    def _start(self, subject: str) -> None:
        account = self._accounts[_brief_of(subject)]
        self.in_flight[account] += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight[account])
        heapq.heappush(self._ends, (self.now + self._takes(subject), subject))

    def _end(self, subject: str) -> None:
        brief = _brief_of(subject)
        self.in_flight[self._accounts[brief]] -= 1
        if parse_subject(subject).kind == Kind.PROMOTION:
            completed = PreprocessingCompleted(**_draft(subject, f"code{subject[10:]}"))
            self._move(subject, "ready", event=completed, fields={"outcome": json.dumps(_DRAFT)})
            self.finished[brief] = self.now
            return
        event = DraftsReady(job_id=f"job_{brief}", choose=["first"], drafts=[ToldDraft(**_DRAFT)])
        drafts = {"drafts": json.dumps([_DRAFT]), "credits_used": "5"}
        chosen = {"instruction": "0", "candidates": json.dumps([_DRAFT]), "tried": "0"}
        self._move(subject, "choosing", fields=drafts, event=event, promotions=[chosen])

    def _move(self, subject: str, to: str, **more: Any) -> None:
        self._call(commands.advance(subject, Transition(to, **more)), "applied")

    def _call(self, command: Command[Any], expected: object) -> None:
        self.calls[command.name] += 1
        self._expected.append(expected)
        self._send(command)

    def _send(self, command: Command[Any]) -> None:
        self._pipe.execute_command(*command.words(self._library, self.now))


def admission(account: str) -> Command[bool]:
    """Return the call that does nothing but to let start who may: nobody is dropped."""
    return commands.drop(account, "brief:nobody")


def _brief_of(subject: str) -> str:
    return parse_subject(subject).name


def _draft(subject: str, code: str) -> DraftDetails:
    return {
        "promotion": subject,
        "instruction": 0,
        "identity_code": code,
        "image_result_id": _DRAFT["image_result_id"],
        "url": _DRAFT["url"],
    }


def _without_told(answer: Any) -> Any:
    """Return a function's answer without what it tells beside it (worker/store/functions.py)."""
    return answer[2] if isinstance(answer, list) and answer[:1] == ["\0told"] else answer
