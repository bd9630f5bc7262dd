"""Guards paid calls against servers that forget: a replica that takes over, one that came back from a copy.

The claim of a paid call counts once replicas have it. And the claims of a process are numbered, so that it
finds out when a server has forgotten one.
"""

import threading
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import redis

from config import durations, keys
from config.text import counted
from config.times import monotonic
from worker.store.findings import Finding, Level
from worker.store.functions import Command, Functions, Words
from worker.store.outages import TooFewReplicasError, code_of
from worker.store.rights import Command as Probe

T = TypeVar("T")


def run(functions: Functions, command: Command[T], number: int) -> tuple[T, int]:
    """Call a function; return its answer, and how many replicas, up to `number`, have what it has written.

    One round trip. WAIT counts the writes of its own connection, so both are sent on one, and no transaction:
    in that, WAIT would wait for nothing. Raises redis.RedisError.
    """
    has_it = 0

    def send(client: "redis.Redis", words: Words) -> Any:
        nonlocal has_it
        with client.pipeline(transaction=False) as pipe:
            pipe.execute_command(*words, NEVER_DECODE=True)
            pipe.execute_command("WAIT", number, durations.REPLICAS_WAIT_MS)
            answer, reached = pipe.execute(raise_on_error=False)
        for told in (answer, reached):
            if isinstance(told, redis.RedisError):
                raise told
        has_it = reached
        return answer

    return functions.run(command, send=send), has_it


def confirmed(functions: Functions, command: Command[T], number: int) -> T:
    """Call a function and return its answer, once `number` replicas have what it has written.

    Raises redis.RedisError; after a TooFewReplicasError it is written, and a failover may forget it.
    """
    if number == 0:
        return functions.run(command)
    answer, reached = run(functions, command, number)
    if reached < number:
        raise TooFewReplicasError(reached, number)
    return answer


def write(client: "redis.Redis", commands: Sequence[tuple[Any, ...]], number: int) -> list[Any]:
    """Run commands all or none, and wait until `number` replicas have what they wrote; 0 waits for nothing.

    Return their answers. Raises redis.RedisError; after a TooFewReplicasError it is written, and a failover
    may forget it.
    """
    wait = [("WAIT", number, durations.REPLICAS_WAIT_MS)] if number else []
    # The transaction is written out: in one of redis-py's, WAIT would wait for nothing, and behind it, it
    # might go to another server.
    with client.pipeline(transaction=False) as pipe:
        for words in [("MULTI",), *commands, ("EXEC",), *wait]:
            pipe.execute_command(*words)
        answers = pipe.execute()
    for answer in answers[1 + len(commands)]:
        if isinstance(answer, redis.RedisError):
            raise answer
    if number and answers[-1] < number:
        raise TooFewReplicasError(answers[-1], number)
    return list(answers[1 + len(commands)])


def caught_up(client: "redis.Redis", number: int) -> None:
    """Return once `number` replicas have all that the server has by now, whoever has written it.

    What is read from a server may not have reached its replicas, and be gone after a failover. WAIT tells
    only of what its own connection has written: here a field that is removed again at once. Raises as `write`
    does.
    """
    if number:
        field = (keys.MESSAGES(keys.INLET), "")
        write(client, [("HSET", *field, ""), ("HDEL", *field)], number)


def probes(number: int) -> list[Probe]:
    """Return the commands that find out whether there are enough replicas; none if none are wanted."""
    return [("WAIT", number, durations.REPLICAS_WAIT_MS)] if number else []


def examine(number: int, answers: Sequence[Any]) -> Iterator[Finding]:
    """Yield what the answers to the probes tell."""
    for reached in answers:
        wanted = (
            f"IDENTITY_WORKER_REPLICAS is {number}: no paid call is made before that many replicas know of it"
        )
        if isinstance(reached, redis.RedisError):
            told = f"{wanted}, and the server does not let us wait for them: {reached}"
            remedy = "give the user of REDIS_URL the right +wait, or use a server that has it"
            yield Finding("replicas", Level.STOPS, told, remedy)
        elif reached < number:
            there = f"{counted(reached, 'replica')} answered" if reached else "none answered"
            remedy = "start replicas, or set IDENTITY_WORKER_REPLICAS to 0 for a server that has none"
            yield Finding("replicas", Level.STOPS, f"{wanted}, and {there}", remedy)


def lacking(client: "redis.Redis", number: int) -> list[Finding]:
    """Return why nothing is bought at the moment for want of replicas.

    Where there are too few it takes as long as a claim waits for them. Raises redis.RedisError.
    """
    try:
        caught_up(client, number)
    except TooFewReplicasError as error:
        return [*examine(number, [error.reached])]
    except redis.ResponseError as error:
        if code_of(error) not in ("NOPERM", "ERR"):  # of WAIT: a right is missing, or the command
            raise
        return [*examine(number, [error])]
    return []


class Claim(NamedTuple):
    """One claim, as the Lua commands are given it."""

    name: str
    """Its own, by which it is known when it is asked for again."""
    claimant: dict[str, Any] | None = None
    """Who claims, and what he knows (worker/ledger/lua/lib/accounts/history.lua)."""


def claim_arguments(claim: Claim | None) -> dict[str, Any]:
    """Return a claim's arguments for the Lua commands; None claims nothing."""
    return {} if claim is None else {"claim": claim.name, "claimant": claim.claimant}


class Claims:
    """The claims of one process, whose threads claim at once."""

    def __init__(self, replicas: int) -> None:
        self._replicas = replicas
        self._process = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._number = self._known = 0
        self._known_at = monotonic()

    def new(self) -> Claim:
        """Return the next claim."""
        with self._lock:
            self._number += 1
            # What was granted long ago is remembered nowhere.
            age = round((monotonic() - self._known_at) * 1000)
            known = 0 if age > durations.CLAIMED_KEPT_MS / 2 else self._known
            claimant = {"process": self._process, "number": self._number, "known": known, "age": age}
        return Claim(uuid.uuid4().hex, {**claimant, "replicas": self._replicas})

    def granted(self, claim: Claim) -> None:
        """Note that a claim is on record."""
        if claim.claimant is not None:
            with self._lock:
                self._known, self._known_at = max(self._known, claim.claimant["number"]), monotonic()
