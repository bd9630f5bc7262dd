"""A process of the project with shorter waits, so that what takes 10 seconds in production takes one here.

    python -m tests.chaos.programs.quick worker | listener | COMMAND ARGUMENT...

Only constants of time change; the order between them stays as it is. With `CRASH_POINT` in the environment it
kills itself there (`tests.chaos.harness.points`).
"""

import importlib
import sys
import threading

from tests.chaos.harness import points

#: What stands in each module instead: seconds or ms, as there. In the order in which they may be imported.
WAITS = {
    "config.durations": {"DEAD_AFTER": 1_500},
    "config.backoff": {"LONGEST": 1.0},
    "worker.store.connection": {"CONNECT_TIMEOUT": 1.0, "ANSWER_TIMEOUT": 1.5},
    "actors.broker.broker": {"TEND_EVERY": 0.2},
    "actors.broker.consumer": {"RECLAIM_EVERY": 0.5, "GIVE_BACK_AFTER": 0.2},
    "worker.ledger.scripts": {"GRANT": 1_500, "AGAIN": 1_500},
    "worker.network.pool": {"CONNECT_SECONDS": 0.5},
    "worker.files.fetching": {"SECONDS": 1.0},
    "worker.lifecycle.error_policy": {"LOST_AGAIN": 0.5},
    "actors.runtime": {"MARGIN": 1_000},
    "actors.listener.following": {"RECONNECT_MOST": 2.0},
    "actors.listener.listener": {"LEASE": 1_500, "RENEW": 0.4},
    "actors.listener.cleaner": {"LOOK_EVERY": 0.3, "TIMEOUT": 2.0},
}


def hasten() -> None:
    """Shorten the waits; raises AttributeError when one of them is no more."""
    for name, waits in WAITS.items():
        module = importlib.import_module(name)
        for constant, value in waits.items():
            getattr(module, constant)
            setattr(module, constant, value)


def main(role: str, *arguments: str) -> None:
    """Run a worker, a listener, or a command of `identity-worker`, until its end or SIGTERM."""
    hasten()
    points.arm()
    if role == "worker":
        _work()
    else:
        from cli.main import main as command

        sys.argv = ["identity-worker", *(["listen"] if role == "listener" else [role, *arguments])]
        command()


def _work() -> None:
    """Do what Dramatiq's command does, without its second process: the point must kill all of it."""
    from dramatiq import Worker

    from actors import path
    from config.settings import settings

    Worker(path.broker, worker_threads=settings().threads).start()
    threading.Event().wait()  # until the signal, which the broker answers


if __name__ == "__main__":
    main(*sys.argv[1:])
