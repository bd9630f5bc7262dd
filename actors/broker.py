"""The broker of the worker's actors, made before the first of them is declared.

What is wrong with the settings or with Redis must end the worker's start, not the briefs that it would take.
"""

import sys

import redis

from actors.process import process
from config import durability, logs
from config.accounts import BadAccounts
from config.broker import Broker, make_broker
from config.connection import BadUrl, connect
from config.embedded import NoServer, process_redis_url
from config.settings import BadSettings, settings


def _start() -> Broker:
    values = settings()
    logs.configure(values)
    url = process_redis_url()
    with connect(url) as client:
        durability.check(client)
    process()
    return make_broker(url, shutdown=values.shutdown_seconds)


try:
    broker = _start()
except (BadAccounts, BadSettings, BadUrl) as error:
    # As of the listener: used wrongly.
    told = f"REDIS_URL is wrong: {error}" if isinstance(error, BadUrl) else error
    sys.stderr.write(f"identity-worker: {told}\n")
    sys.exit(2)
except (durability.UnsafeServer, NoServer, redis.RedisError) as error:
    # Of a process of Dramatiq's, its exit code is 1 then, and this the last line of its log.
    unreachable = isinstance(error, redis.ConnectionError | redis.TimeoutError)
    remedy = "\nStart Redis, or set REDIS_URL to one that runs." if unreachable else ""
    sys.exit(f"identity-worker: the worker can't start: {error}{remedy}")
