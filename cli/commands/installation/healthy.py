"""`identity-worker healthy`: whether a process of this container lives, for probes."""

import os
import threading
from importlib import import_module
from queue import Empty, Queue
from typing import Annotated, Literal

import typer

from cli.shared.opening import open_to_read
from cli.shared.output import Json, fail, print_json, say
from config.text import counted

#: What a process signs in as.
_Role = Literal["worker", "listener", "web", "archive", "deliver"]


#: Seconds that Redis has to answer: with the start of Python less than the three that a probe often may take.
ANSWER_SECONDS = 2.0


def command(
    role: Annotated[
        _Role | None,
        typer.Option(metavar="ROLE", help="Of one kind alone: worker, listener, web, archive or deliver."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say whether a process of this machine, or container, has given a sign of life to Redis.

    Ends with 1 if none has within five seconds, or if Redis does not answer within two. It is made for the
    probes of containers, which run it beside the process.
    """
    found = _asked()
    alive = {name: number for name, number in found.items() if role in (None, name)}
    if as_json:
        print_json(alive)
    elif any(alive.values()):
        say(", ".join(counted(number, name) for name, number in alive.items() if number))
    if not any(alive.values()):
        what = role or "process"
        fail(f"no {what} of this machine has given a sign of life to this Redis within five seconds")


def _asked() -> dict[str, int]:
    """Return how many processes live; end the command when Redis does not say so in time.

    In a thread, for nothing else bounds all of it: a name server, a connection, Sentinels, several shards.
    """
    import_module("worker.store.connection")  # first: it is no part of what Redis takes
    ended: Queue[dict[str, int] | BaseException] = Queue()
    threading.Thread(target=_ask, args=(ended,), daemon=True).start()
    try:
        answer = ended.get(timeout=ANSWER_SECONDS)
    except Empty:
        from config.redis_url import given, redacted

        url = given(os.environ)
        where = "the embedded Redis" if url is None else f"the Redis at {redacted(url)}"
        fail(f"{where} has not answered within {ANSWER_SECONDS:g} seconds")
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _ask(ended: "Queue[dict[str, int] | BaseException]") -> None:
    # Not at the top: the help should not wait for the import of redis-py.
    from worker.views.signs_of_life import of_this_machine

    try:
        with open_to_read() as client:
            ended.put(of_this_machine(client))
    except BaseException as error:  # the end of the command, which is the main thread's
        ended.put(error)
