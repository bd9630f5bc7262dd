"""The broker of the worker's actors, made before the first of them is declared.

What is wrong with the settings or with Redis must end the worker's start, not the briefs that it would take.
"""

import sys
from functools import partial

import redis

from actors.broker.broker import Broker, make_broker
from actors.reloading import can_reload
from actors.runtime import runtime
from config import logs
from config.accounts import AccountsError
from config.settings import SettingsError, settings
from worker.store import startup
from worker.store.embedded import EmbeddedServerError, process_redis_url
from worker.store.remedies import remedy


def _start() -> Broker:
    values = settings()
    logs.configure(values)
    url = process_redis_url()
    startup.check(url)
    runtime()
    return make_broker(url, shutdown=values.shutdown_seconds, can_reload=partial(can_reload, values))


try:
    broker = _start()
except (AccountsError, SettingsError) as error:
    # As of the listener: used wrongly.
    sys.stderr.write(f"identity-worker: {error}\n")
    sys.exit(2)
except (startup.UnsafeServerError, EmbeddedServerError, redis.RedisError) as error:
    # Of a process of Dramatiq's, its exit code is 1 then, and this the last line of its log.
    what_to_do = f"; {remedy(error)}" if isinstance(error, redis.RedisError) else ""
    sys.exit(f"identity-worker: the worker can't start: {error}{what_to_do}")
