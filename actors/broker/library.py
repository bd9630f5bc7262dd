"""Makes the broker's function library: its Lua modules, the lowest first, and tables that Python keeps."""

from pathlib import Path

from actors.broker.inlets import MARK
from config import durations, keys
from worker.ledger.kinds import Kind
from worker.store.libraries import Library, library

MODULES = ("base", "dead_letters", "entries")
FOLDER = Path(__file__).parent / "lua"

#: The actor that takes up a step that became a dead letter.
HOLDER = "hold_step"
#: Bytes of the longest envelope that is read, four times the longest brief; a longer one stays in the server.
MOST_BYTES = 1024 * 1024
#: Dead letters of a queue, and bytes of those of the inlet. What comes beyond is put aside as it is.
MOST_DEAD_LETTERS = 10_000
MOST_DEAD_LETTER_BYTES = 128 * 1024 * 1024
#: Workers that may die with a message in hand before it is taken for the cause, and made a dead letter.
MOST_DEATHS = 3


def broker_library() -> Library:
    """Return the library with the keys and the bounds that it shares with Python."""
    shared = {
        "KEY": {name: key.template for name, key in keys.ALL.items()},
        "SETTING": {
            "queues": [keys.INLET, keys.STEPS],
            "inlet": keys.INLET,
            "mark": MARK,
            "steps": keys.STEPS,
            "holder": HOLDER,
            "kinds": dict.fromkeys(Kind, True),
            "most_bytes": MOST_BYTES,
            "most_dead_letters": MOST_DEAD_LETTERS,
            "most_dead_letter_bytes": MOST_DEAD_LETTER_BYTES,
            "dead_letters_kept_ms": durations.DEAD_LETTERS_KEPT_MS,
            "dead_after": durations.WORKER_DEAD_MS,
            "heartbeat_dead_after": durations.HEARTBEAT_DEAD_MS,
            "most_deaths": MOST_DEATHS,
            "deaths_kept": durations.DEATHS_KEPT_MS,
            "patience": durations.MESSAGE_COMES_MS,
            "longest_delay": durations.DELAY_MOST_MS,
        },
    }
    return library("broker", FOLDER, MODULES, shared)
