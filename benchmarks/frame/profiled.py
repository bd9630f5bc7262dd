"""Runs a command of ours and notes, every few ms of its processor time, which Python line is at work.

    python -m benchmarks.frame.profiled FOLDER work --threads 8

Each process writes to FOLDER. The kernel hands the signal of the processor's clock to the thread that runs,
and faulthandler tells of that thread at once, also in the middle of a system call: a profiler that Python
itself calls would have to wait until others let it, and one that counts calls makes them four times as dear.
"""

import atexit
import faulthandler
import os
import signal
import sys
from pathlib import Path

#: Seconds of processor time between two notes. At each tick of the kernel, often 4 ms, a worker of 64 threads
#: ended by a segmentation fault: a note may come while Python makes the frame that it reads.
EVERY = 0.010


def main() -> None:
    """Run the command of `identity-worker`."""
    folder = Path(sys.argv[1])
    sys.argv = ["identity-worker", *sys.argv[2:]]
    # Of a worker it is the fork that works.
    os.register_at_fork(after_in_child=lambda: _begin(folder))
    _begin(folder)
    from identity_worker.launcher import main as command

    command()


def _begin(folder: Path) -> None:
    notes = (folder / f"{os.getpid()}.stacks").open("w")
    faulthandler.register(signal.SIGPROF, notes, all_threads=False)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    # Nobody hears the signal any more when Python ends, and it would end the process.
    atexit.register(signal.setitimer, signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()
