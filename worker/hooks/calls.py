"""The ledger's commands about endpoints of webhooks, as `worker.ledger.commands` has the others.

What a command does stands at the head of its file, `worker/ledger/lua/hooks/`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from config import keys
from worker.ledger.transition import Answer
from worker.store.functions import Command, text, texts

#: The outcomes of a message. One is given up after days in which others were taken.
Outcome = Literal["taken", "failed", "given_up"]


@dataclass(frozen=True, slots=True)
class Done:
    """What has come of a message that was claimed."""

    brief: str
    claim: int
    outcome: Outcome
    line: str
    """What the log of deliveries says."""
    why: str = ""
    """Why it was not taken."""
    again_ms: int = 0
    """After how long it is sent again."""
    jitter: float = 1.0
    gone: bool = False
    """Whether the endpoint says that it is there no more."""

    def arguments(self) -> dict[str, Any]:
        """Return what the Lua command is given of it."""
        return {
            "brief": self.brief,
            "claim": self.claim,
            "outcome": self.outcome,
            "line": self.line,
            "why": self.why,
            "again_ms": self.again_ms,
            "jitter": self.jitter,
            "gone": self.gone,
        }


class Claimed(NamedTuple):
    """A message that this process has claimed, and must send."""

    brief: str
    """Of which brief it is; of an event about none, what it is about."""
    entry: str
    claim: int
    number: int
    """Of the try, from 1."""
    since: int
    """When the first one was, ms since 1970."""
    event: str


class Turn(NamedTuple):
    """The time of the server, ms since 1970, and what is to be sent."""

    now: int
    claimed: Sequence[Claimed]


class Due(NamedTuple):
    """The version of the endpoints, and in how many ms each endpoint's next event is due."""

    version: str
    endpoints: Mapping[str, int]


class Matched(NamedTuple):
    """An event, and the endpoints that are to be told of it."""

    entry: str
    brief: str
    names: Sequence[str]


def hook_set(name: str, definition: str | None, *, new: bool = False) -> Command[Answer]:
    """Put an endpoint on record; without a definition: remove it."""
    given = {"name": name, "definition": definition, "new": new or None}
    return Command("hook_set", keys.HOOKS(), _answer, given)


def hook_pause(name: str, paused: str | None) -> Command[str]:
    """Pause an endpoint, or let it go on; answers the pause that stood there, blank for none."""
    return Command("hook_pause", keys.HOOK(name), text, {"name": name, "paused": paused})


def hook_fan(
    entries: Sequence[Matched],
    *,
    after: str | None = None,
    upto: str | None = None,
    version: str | None = None,
) -> Command[Answer]:
    """Hand events on to endpoints; without the last three: once more."""
    given = {"entries": entries, "after": after, "upto": upto, "version": version}
    return Command("hook_fan", keys.HOOKS(), _answer, given)


def hook_turn(name: str, done: Sequence[Done], most: int, hold_ms: int) -> Command[Turn]:
    """Put on record what has come of messages, and claim at most so many."""
    given = {"name": name, "done": [each.arguments() for each in done], "most": most, "hold_ms": hold_ms}
    return Command("hook_turn", keys.HOOK(name), _turn, given)


def hooks_due() -> Command[Due]:
    """Tell which endpoints are to be sent something."""
    return Command("hooks_due", keys.HOOKS(), _due, {})


def _answer(answer: Any) -> Answer:
    return Answer(text(answer))


def _turn(answer: Any) -> Turn:
    now, *claimed = answer
    return Turn(int(now), [_claimed(*each) for each in claimed])


def _claimed(brief: bytes, entry: bytes, claim: int, number: int, since: bytes, event: bytes) -> Claimed:
    return Claimed(text(brief), text(entry), claim, number, int(since), text(event))


def _due(answer: Any) -> Due:
    version, *found = texts(answer)
    return Due(version, {name: int(ms) for name, ms in zip(found[::2], found[1::2], strict=True)})
