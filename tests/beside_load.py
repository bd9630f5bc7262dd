"""Runs a command beside processes that do nothing but use a processor: `beside_load.py 6 pytest -n 4`."""

import os
import subprocess
import sys

#: Seconds after which they end by themselves, should nobody be left to end them.
LONGEST = 3600
BUSY = f"import signal; signal.alarm({LONGEST})\nwhile True: pass"


def main(count: int, command: list[str]) -> int:
    """Run the command; return its exit code."""
    # Without the clocks and settings of the command: they are only to be busy.
    busy = [
        subprocess.Popen([sys.executable, "-I", "-c", BUSY], env={"PATH": os.defpath}) for _ in range(count)
    ]
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        for process in busy:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
