"""Makes the ledger's function library: its Lua modules, the lowest first, and the tables that Python keeps.

A module uses only what stands before it in MODULES; each is one file under `lua/lib/` and one table of the
same name. The commands, the other files under `lua/`, may use them all and not each other.
Files about an account and about a brief have a folder of their own in both.
"""

from pathlib import Path

from config import durations, keys
from config.limits import DEFAULTS, windows_of
from config.recorded import schema
from config.settings import Settings
from config.times import longest_call
from worker.ledger.kinds import (
    ACCEPTED,
    BY_LUA,
    ENDPOINTS,
    IDENTITY,
    JUDGING,
    KINDS,
    PAUSES,
    UNRESOLVED,
    Product,
)
from worker.store.libraries import Library, library, silence_ms
from worker.tally import moves

MODULES = (
    "records",
    "base",
    "orders",
    "counts",
    "outbox",
    "accounts",
    "fair",
    "halts",
    "budget",
    "batches",
    "capacity",
    "permits",
    "lacking",
    "stages",
    "backoff",
    "unclaimed",
    "looks",
    "jobs",
    "history",
    "claims",
    "listeners",
    "journal",
    "stops",
    "endings",
    "holdings",
    "transition",
    "choice",
    "arrivals",
    "orphans",
    "judging",
    "admission",
    "limit_changes",
    "token_changes",
    "hands",
    "endpoints",
    "migrations",
)
#: Failures in a row after which an endpoint of webhooks rests; deliveries that its log keeps.
HOOK_FAILURES, HOOK_LOG = 3, 1_000
#: Refusals that are kept of an order.
ORDER_TOLD = 100
#: Stages that wait to be told as spans at the most: while nobody takes them, the oldest are dropped.
MOST_SPANS = 100_000
FOLDER = Path(__file__).parent / "lua"


def ledger_library(settings: Settings) -> Library:
    """Return the library with the tables that it shares with Python, and these settings."""
    shared = {
        "KEY": {name: key.template for name, key in keys.ALL.items()},
        "STATES": {kind: _states(product) for kind, product in KINDS.items()},
        "KINDS": {kind: _looked_up(product, settings) for kind, product in KINDS.items()},
        "KIND_OF": {product.endpoint: kind for kind, product in KINDS.items()},
        "SCHEMA_STEPS": [
            {"number": step.number, "release": step.release, "piece": step.piece, "oldest": step.oldest}
            for step in schema.STEPS
        ],
        "IDENTITY": KINDS[IDENTITY].endpoint,
        "EVENT": BY_LUA,
        "PAUSES": PAUSES,
        # Promotions before creations: what is paid for is finished first.
        "ENDPOINTS": [product.endpoint for product in sorted(KINDS.values(), key=_asked_for_itself)],
        "LIMITS": {
            "names": list(DEFAULTS),
            "defaults": DEFAULTS,
            "windows": {endpoint: _windows(endpoint, settings) for endpoint in ENDPOINTS},
        },
        "OUTCOMES": {
            "accepted": dict.fromkeys(ACCEPTED, True),
            "unresolved": dict.fromkeys(UNRESOLVED, True),
            "judging": JUDGING,
        },
        "SETTING": _setting(settings),
    }
    # Its name tells other releases of which schema whoever uses it is (config/recorded/schema.py).
    return library(f"ledger{schema.present()}", FOLDER, MODULES, shared, told=moves.told)


def _states(product: Product) -> dict[str, dict[str, object]]:
    return {
        name: {
            "moves": dict.fromkeys(state.moves, True),
            "actor": state.actor,
            "permit": state.permit,
            "slots": state.slots,
            "final": state.final,
        }
        for name, state in product.states.items()
    }


def _setting(settings: Settings) -> dict[str, str | int | bool]:
    """Return the numbers that the Lua functions need; names that end in `_ms` are in milliseconds."""
    return {
        "inlet": keys.INLET,
        "steps": keys.STEPS,
        "window_ms": settings.api_ms(durations.RATE_WINDOW_SECONDS),
        "probe_ms": settings.api_ms(durations.PROBE_FIRST_SECONDS),
        "pause_most_ms": settings.api_ms(durations.PROBE_MOST_SECONDS),
        "busy_ms": settings.api_ms(durations.BUSY_AGAIN_SECONDS),
        "library_ms": settings.api_ms(durations.COUNT_AGAIN_SECONDS),
        "recount_ms": settings.api_ms(durations.COUNT_SOON_SECONDS),
        "early_ms": round(durations.EARLY_EVENT_SECONDS * 1000),
        "replay_ms": durations.REPLAY_KEPT_MS,
        "unclaimed_ms": durations.UNCLAIMED_KEPT_MS,
        "replay_again_ms": settings.api_ms(durations.REPLAY_AGAIN_SECONDS),
        # To the first look back of an account: as long as the runtime's own two times.
        "past_ms": round(longest_call(settings.request_timeout) * 1000)
        + durations.RECORD_MARGIN_MS
        + settings.api_ms(durations.JOB_PATIENCE_SECONDS)
        + durations.JOB_LATE_MS,
        "span_ms": settings.api_ms(durations.REPLAY_SPAN_SECONDS),
        "lease_ms": durations.LEASE_MS,
        "lease_kept_ms": durations.LEASE_KEPT_MS,
        "grant_ms": durations.GRANT_MS,
        "look_ms": settings.api_ms(durations.LOOK_AGAIN_SECONDS),
        "look_most_ms": settings.api_ms(durations.LOOK_MOST_SECONDS),
        "heard_ms": settings.api_ms(durations.SILENCE_SECONDS + durations.HEARD_AGAIN_SECONDS)
        + durations.LEASE_MS,
        "told_again_ms": durations.TOLD_AGAIN_MS,
        "token_warned_ms": durations.TOKEN_WARNED_MS,
        "idle_ms": round(durations.TIMERS_IDLE_SECONDS * 1000),
        "again_ms": durations.STEP_AGAIN_MS,
        "lost_ms": durations.MESSAGE_LOST_MS,
        "claimed_ms": durations.CLAIMED_KEPT_MS,
        "silent_ms": durations.REPLAY_KEPT_MS,
        "keep_ms": round(settings.keep_days * 86_400_000),
        "content_ms": max(durations.CONTENT_KEPT_MS, round(settings.keep_days * 86_400_000)),
        "hook_patience_ms": durations.HOOK_PATIENCE_MS,
        "hook_failures": HOOK_FAILURES,
        "hook_rest_ms": round(durations.HOOK_FIRST_SECONDS * 1000),
        "hook_rest_most_ms": durations.HOOK_REST_MOST_MS,
        "hook_sign_ms": durations.LEASE_MS,
        "hook_log": HOOK_LOG,
        "order_ms": durations.ORDER_UNDECIDED_MS,
        "order_told": ORDER_TOLD,
        "keep_events": settings.keep_events,
        "keep_event_bytes": settings.keep_event_bytes,
        "schema_again_ms": round(durations.LIBRARY_TOUCHED_SECONDS * 1000),
        "schema_quiet_ms": silence_ms(),
        "preprocessing_counts": settings.preprocessing_counts,
        "traces": settings.traces,
        "most_spans": MOST_SPANS,
    }


def _looked_up(product: Product, settings: Settings) -> dict[str, str | int | bool | None]:
    """Return what the functions look up of a kind; `worker/ledger/kinds.py` says what each is."""
    return {
        "endpoint": product.endpoint,
        "cost": product.cost,
        "waits": product.waits,
        "claimed": product.claimed,
        "running": product.running,
        "made": product.made,
        "job": product.job,
        "duration": product.duration,
        "counts": product.always_counts or settings.preprocessing_counts,
        "slots": product.slots,
        "identity": product.identity,
        "unresolved": product.unresolved,
        "parent": product.parent,
        "follows": product.follows,
        "following": product.following,
    }


def _asked_for_itself(product: Product) -> bool:
    return product.parent is None


def _windows(endpoint: str, settings: Settings) -> list[dict[str, str | int]]:
    return [
        {
            "name": window.name,
            "limit": window.limit,
            "seconds": round(window.seconds),
            "ms": settings.api_ms(window.seconds),
        }
        for window in windows_of(endpoint)
    ]
