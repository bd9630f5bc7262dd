"""A process of the project with shorter waits, so that what takes 10 seconds in production takes one here.

    python -m tests.chaos.programs.quick worker | listener | COMMAND ARGUMENT...

Only constants of time change; the order between them stays as it is. With `CRASH_POINT` in the environment it
kills itself there (`tests.chaos.harness.points`).
"""

import sys
import threading

from config import durations
from tests.chaos.harness import points

#: What stands in `config.durations` instead, in the units that the names end in.
WAITS = {
    "WORKER_DEAD_MS": 1_500,
    "BACKOFF_MOST_SECONDS": 1.0,
    "REDIS_CONNECT_SECONDS": 1.0,
    "REDIS_ANSWER_SECONDS": 1.5,
    "REDIS_BLOCK_SECONDS": 1.0,
    "TEND_AGAIN_SECONDS": 0.2,
    "RECLAIM_AGAIN_SECONDS": 0.5,
    "GIVE_BACK_SECONDS": 0.2,
    "GRANT_MS": 1_500,
    "STEP_AGAIN_MS": 1_500,
    "HTTP_CONNECT_SECONDS": 0.5,
    "FETCH_SECONDS": 1.0,
    "LOST_AGAIN_SECONDS": 0.5,
    "RECORD_MARGIN_MS": 1_000,
    "RECONNECT_MOST_SECONDS": 2.0,
    "LEASE_MS": 1_500,
    "LEASE_RENEW_SECONDS": 0.4,
    "CLEAN_AGAIN_SECONDS": 0.3,
    "DELETION_SECONDS": 2.0,
    "HOOK_FIRST_SECONDS": 0.5,
    "HOOK_SECONDS": 2.0,
    "HOOK_HOLD_MS": 8_000,
}


def hasten() -> None:
    """Shorten the waits of this process."""
    for name, value in WAITS.items():
        setattr(durations, name, value)


def main() -> None:
    """Run a worker, a listener, or a command of `identity-worker`, until its end or SIGTERM."""
    _, role, *arguments = sys.argv
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
    main()
