"""The Lua scripts under `worker/ledger/lua/`: how they are put together, loaded and called.

A script is the tables that Python and Lua share (keys, states, settings), then the library files in their
order, then the command's own file. It touches keys that depend on what it reads (the next waiter's record),
so it names no KEYS and wants one server, not a cluster.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import redis
import redis.asyncio

from config import durations, keys
from config.settings import Settings
from worker.ledger.kinds import KINDS
from worker.ledger.outcomes import OPEN, TAKEN

_FOLDER = Path(__file__).parent / "lua"


class Scripts:
    """The scripts over one Redis client; with an asyncio client, `run` returns an awaitable."""

    def __init__(self, client: "redis.Redis | redis.asyncio.Redis", settings: Settings) -> None:
        self._client = client
        self._prelude = prelude(settings)
        self._loaded: dict[str, Any] = {}

    def run(self, command: str, now: int | None = None, raw: bytes = b"", **arguments: Any) -> Any:
        """Run a command with its arguments (None ones left out); `now` in ms only in simulations.

        `raw` is for what is no text, as a message's id may be.
        """
        if command not in self._loaded:
            self._loaded[command] = self._client.register_script(source(command, self._prelude))
        given = {name: value for name, value in arguments.items() if value is not None}
        text = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
        return self._loaded[command](args=["" if now is None else now, text, raw])


def prelude(settings: Settings) -> str:
    """Return the tables that the scripts share with Python, as Lua."""
    states = {
        kind: {
            name: {
                "moves": dict.fromkeys(state.moves, True),
                "actor": state.actor,
                "permit": state.permit,
                "slots": state.slots,
                "final": state.final,
            }
            for name, state in product.states.items()
        }
        for kind, product in KINDS.items()
    }
    shared = {
        "KEY": {name: key.template for name, key in keys.ALL.items()},
        "STATES": states,
        "WAITS": {
            kind: {"state": product.waits, "endpoint": product.endpoint} for kind, product in KINDS.items()
        },
        "OUTCOMES": {"taken": dict.fromkeys(TAKEN, True), "open": dict.fromkeys(OPEN, True)},
        "SETTING": {
            "window_ms": settings.api_ms(durations.RATE_WINDOW_SECONDS),
            "probe_ms": settings.api_ms(durations.PROBE_FIRST_SECONDS),
            "pause_most_ms": settings.api_ms(durations.PROBE_MOST_SECONDS),
            "busy_ms": settings.api_ms(durations.BUSY_AGAIN_SECONDS),
            "library_ms": settings.api_ms(durations.COUNT_AGAIN_SECONDS),
            "recount_ms": settings.api_ms(durations.COUNT_SOON_SECONDS),
            "early_ms": round(durations.EARLY_EVENT_SECONDS * 1000),
            "replay_ms": durations.REPLAY_KEPT_MS,
            "stranger_ms": durations.UNCLAIMED_KEPT_MS,
            "replay_again_ms": settings.api_ms(durations.REPLAY_AGAIN_SECONDS),
            "span_ms": settings.api_ms(durations.REPLAY_SPAN_SECONDS),
            "grant_ms": durations.GRANT_MS,
            "again_ms": durations.STEP_AGAIN_MS,
            "lost_ms": durations.MESSAGE_LOST_MS,
            "keep_ms": round(settings.keep_days * 86_400_000),
            "content_ms": max(durations.CONTENT_KEPT_MS, round(settings.keep_days * 86_400_000)),
            "keep_events": settings.keep_events,
            "keep_event_bytes": settings.keep_event_bytes,
            "preprocessing_counts": settings.preprocessing_counts,
        },
    }
    return "\n".join(f"local {name} = {_lua(table)}" for name, table in shared.items())


def source(command: str, prelude_text: str) -> str:
    """Return the whole text of a command's script."""
    return "\n".join([prelude_text, _library(), (_FOLDER / f"{command}.lua").read_text(encoding="utf-8")])


@cache
def _library() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((_FOLDER / "lib").glob("*.lua")))


def _lua(value: Any) -> str:
    """Write a Python value as a Lua literal."""
    if isinstance(value, dict):
        return "{" + ",".join(f"[{_lua(k)}]={_lua(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else json.dumps(str(value))
