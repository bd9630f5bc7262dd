"""The broker of the worker's actors, and what a worker does before it takes its first message.

Importing this opens nothing: the actors are declared on a broker without a server, and a worker that boots
reads the settings, looks at Redis and opens its connections. What is wrong with those must end the worker's
start, not the briefs that it would take.
"""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from functools import partial
from typing import Any

import redis
import structlog  # noqa: F401  # before logs are taken over: handlers of signals log, in the middle of an import too
from dramatiq import Middleware, set_broker

from actors.broker.broker import Broker
from actors.process import shares
from actors.process.schema_watch import SchemaWatch
from actors.runtime import Runtime, runtime
from config import logs, processes
from config.accounts.account import AccountsError
from config.accounts.reading import accounts_at_start, live_accounts
from config.errors import SettingsError
from config.settings import settings
from config.shards import SERVED
from worker.callers.inlets import InletsError
from worker.files.fetch_limiter import share_of
from worker.ledger.library import ledger_library
from worker.network.descriptors import allow_many
from worker.operations.halts import SELF
from worker.operations.owners import TakenError, claim
from worker.shards.shards import shards_of
from worker.store import startup
from worker.store.connection import connect
from worker.store.embedded import EmbeddedServerError, process_redis_url
from worker.store.functions import Functions
from worker.store.remedies import remedy
from worker.traces.exporting import TracesError
from worker.unresolved.past import suspect

log = logs.get("boot")


class _Boot(Middleware):
    """Opens the broker when a worker boots, whoever starts it, and gives back a step's thread after the step.

    Ends the process where it can't run.
    """

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        _end_with_main()
        try:
            _open(broker, worker.worker_threads)
        except (AccountsError, InletsError, SettingsError, TracesError) as error:
            # Exit code 2, as everywhere: used wrongly.
            sys.stderr.write(f"identity-worker: {error}\n")
            sys.exit(2)
        except (startup.UnsafeServerError, EmbeddedServerError, TakenError, redis.RedisError) as error:
            # Of a process of Dramatiq's, its exit code is 1 then, and this the last line of its log.
            what_to_do = f"; {remedy(error)}" if isinstance(error, redis.RedisError) else ""
            sys.exit(f"identity-worker: the worker can't start: {error}{what_to_do}")
        except Exception:
            # Dramatiq would log it and let the worker run, on a broker without a server.
            log.exception("worker.not_booted")
            sys.exit(1)

    def after_worker_shutdown(self, *_: Any) -> None:
        """Bring to Redis what was counted last."""
        runtime().counts.end()
        if (telling := runtime().telling) is not None:
            telling.end()

    def after_process_message(self, *_: Any, **__: Any) -> None:
        """Give back the thread that a step has had for its account, and name its trace no more."""
        logs.bind_trace(None)
        shares.release(runtime().shares, runtime().ledger, threading.get_ident())


def _end_with_main() -> None:
    """Have this worker end in order when Dramatiq's main process is killed.

    Nobody else would tell it. It would go on working without a log, beside the worker that is started in its
    place, and outlive every deploy.
    """
    main = multiprocessing.parent_process()
    if main is None:
        return  # who runs a worker in their own process also ends it
    processes.end_with_parent()
    if os.getppid() != main.pid:  # it was killed before
        os.kill(os.getpid(), signal.SIGTERM)


def _open(broker: Broker, threads: int) -> None:
    values = settings()
    logs.configure(values)
    if values.shards > 1 and values.shard is None:
        # Of Dramatiq's own command; ours sets it.
        sys.exit(f"identity-worker: the worker can't start: set {SERVED} to the one shard that it serves")
    url = process_redis_url()
    startup.check(url)
    live = accounts_at_start(values)
    with connect(url) as client, shards_of(url, values) as shards:
        live.serve(shards.serves)
        functions = Functions(client, ledger_library(values))
        claim(functions, live.accounts)
        if (forgotten := functions.run(suspect(SELF))) is not None:
            log.warning("past.unknown", since=forgotten.since, accounts=len(forgotten.accounts))
    allow_many()  # each thread may have a connection of its own
    rt = runtime()
    rt.fetches.most = share_of(threads)
    rt.here.divide(threads)
    rt.here.watch.start()
    SchemaWatch(values, url).start()
    if (telling := rt.telling) is not None:
        telling.start()
    rt.counts.start()
    broker.inlets = sorted(rt.inlets)
    broker.open(url, shutdown=values.shutdown_seconds, can_reload=partial(_can_begin_anew, rt))
    gc.freeze()  # what is there by now stays: no look for garbage needs to go through it


def _can_begin_anew(rt: Runtime) -> bool:
    """Return whether a worker may begin anew.

    Where it would have fewer accounts, this one takes over what is right.
    """
    if _would_have_less(rt):
        rt.here.watch.tell()  # it also logs what is wrong
        return False
    # The process that begins anew can't say that it had the tokens before, so this one does.
    rt.here.watch.look(at_once=True, everything=True)
    return rt.here.is_recorded


def _would_have_less(rt: Runtime) -> bool:
    """Return whether a worker that begins anew would leave out an account that this one serves.

    This one may have read the account's file when it was still right. Accounts that both leave out do not
    count, nor does one that was taken away.
    """
    try:
        left_out = live_accounts(rt.settings).unusable
    except AccountsError:
        return True
    return not rt.here.accounts.keys().isdisjoint(left_out)


broker = Broker(boot=_Boot())
set_broker(broker)
