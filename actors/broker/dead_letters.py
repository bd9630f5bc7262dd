"""The broker's scripts (`lua/`), and the dead letters: what no worker could run, with the reason."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import redis

from config import keys
from worker.store.connection import decoded, encoded

#: The actor that takes up a step that became a dead letter.
HOLDER = "hold_step"
#: Bytes of the longest envelope that is read, four times the longest brief; a longer one stays in the server.
MOST_BYTES = 1024 * 1024
#: Dead letters of a queue, and bytes of those of the inlet. What comes beyond is put aside as it is.
MOST_DEAD_LETTERS = 10_000
MOST_DEAD_LETTER_BYTES = 128 * 1024 * 1024

_LUA = Path(__file__).parent / "lua"


class DeadLetter(NamedTuple):
    """A dead letter: its queue and id, the message's text, since when and why it is one."""

    queue: str
    id: str
    text: str
    """Its beginning, where it is longer than what is read of any message."""
    bytes: int
    at: int
    """Ms since 1970, by the server's clock."""
    error: str
    deaths: tuple[dict[str, Any], ...]
    """The workers that died with it in hand: `at` (ms) and `worker` of each."""

    @property
    def step(self) -> tuple[str, str] | None:
        """Return actor and subject of a step, None of anything else."""
        try:
            message = json.loads(self.text)
            actor, subject = message["actor_name"], message["args"][0]
        except (ValueError, RecursionError, LookupError, TypeError):
            return None
        return (str(actor), subject) if self.queue == keys.STEPS and isinstance(subject, str) else None


class Scripts:
    """The broker's scripts over one client, with what all of them are given."""

    def __init__(self, client: "redis.Redis", worker: str = "") -> None:
        self._client = client
        self._loaded: dict[str, Any] = {}
        self.common = {
            "namespace": keys.DRAMATIQ,
            "queues": [keys.INLET, keys.STEPS],
            "inlet": keys.INLET,
            "steps": keys.STEPS,
            "holder": HOLDER,
            "deaths": keys.DEATHS(),
            "letters": keys.LETTERS(),
            "letter_bytes": keys.LETTER_BYTES(),
            "beyond": keys.BEYOND(),
            "late": keys.LATE.template,
            "delayed": keys.DELAYED(),
            "most_bytes": MOST_BYTES,
            "most_letters": MOST_DEAD_LETTERS,
            "most_letter_bytes": MOST_DEAD_LETTER_BYTES,
            "workers": keys.WORKERS(),
            "worker": worker,
        }

    def run(self, command: str, message_id: str = "", text: bytes = b"", **arguments: Any) -> Any:
        """Run a command with its arguments; `message_id` is as `decoded` made it, `text` any bytes."""
        if command not in self._loaded:
            self._loaded[command] = self._client.register_script(source(command))
        return self._loaded[command](
            args=[json.dumps({**self.common, **arguments}), encoded(message_id), text]
        )


@cache
def source(command: str) -> str:
    """Return the whole text of a command's script."""
    parts = (*sorted((_LUA / "lib").glob("*.lua")), _LUA / f"{command}.lua")
    return "\n".join(part.read_text(encoding="utf-8") for part in parts)


def answer(client: "redis.Redis", command: str, message_id: str = "", **arguments: Any) -> Any:
    """Return what a command answers that changes nothing, as bytes, whatever the client's answers are."""
    given = (json.dumps({**Scripts(client).common, **arguments}), encoded(message_id))
    script = client.register_script(source(command))
    try:
        return _ask(client, "EVALSHA", script.sha, 0, *given)
    except redis.exceptions.NoScriptError:
        client.script_load(source(command))
        return _ask(client, "EVALSHA", script.sha, 0, *given)


def read(client: "redis.Redis", queue: str, message_id: str) -> DeadLetter | None:
    """Return a dead letter, None when there is none of this id."""
    found = answer(client, "letter", message_id, queue=queue)
    if not found:
        return None
    text, size, since, reason = found
    told = json.loads(decoded(reason)) if reason else {}
    # One that Dramatiq itself wrote has no reason.
    error = str(told.get("error", "no worker could run it"))
    at, deaths = round(float(since)), tuple(told.get("deaths", ()))
    return DeadLetter(queue, message_id, decoded(text), size, at, error, deaths)


def find(client: "redis.Redis", message_id: str) -> DeadLetter | None:
    """Return a dead letter of whichever queue."""
    found = (read(client, queue, message_id) for queue in (keys.INLET, keys.STEPS))
    return next((dead_letter for dead_letter in found if dead_letter is not None), None)


def ids(client: "redis.Redis") -> list[tuple[str, str]]:
    """Return queue and id of all dead letters, those of a queue oldest first."""
    return [
        (queue, decoded(message_id))
        for queue in (keys.INLET, keys.STEPS)
        for message_id in _ask(client, "ZRANGE", keys.DEAD(queue), 0, -1)
    ]


def each(client: "redis.Redis", found: Iterable[tuple[str, str]]) -> Iterator[DeadLetter]:
    """Yield those of these dead letters that there (still) are, one at a time: a body may be large."""
    for queue, message_id in found:
        dead_letter = read(client, queue, message_id)
        if dead_letter is not None:
            yield dead_letter


def beyond(client: "redis.Redis") -> int:
    """Return how many entries of the inlet were put aside for want of room among its dead letters."""
    return int(_ask(client, "LLEN", keys.BEYOND()))


def revive(client: "redis.Redis", dead_letter: DeadLetter) -> bool:
    """Put a dead letter back into its queue; return False when somebody else has."""
    return bool(Scripts(client).run("revive", dead_letter.id, queue=dead_letter.queue))


def drop(client: "redis.Redis", dead_letter: DeadLetter) -> bool:
    """Forget a dead letter; return False when somebody else has."""
    return bool(Scripts(client).run("drop", dead_letter.id, queue=dead_letter.queue))


def _ask(client: "redis.Redis", *command: Any) -> Any:
    """Return the answer as bytes, whatever the client's answers are: others wrote what is asked for."""
    return client.execute_command(*command, NEVER_DECODE=True)  # type: ignore[no-untyped-call]
