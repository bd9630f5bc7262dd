"""The pool of threads as a command, as the vendor's own client is one.

    python -m benchmarks.rivals.pool URL SPEED FILE

The file has a body on each line. Ends with 1 if any brief was given up.
"""

import json
import sys
from pathlib import Path

from benchmarks.rivals.polling import poll

if __name__ == "__main__":
    url, speed, file = sys.argv[1:]
    bodies = [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]
    given_up = poll(url, float(speed), bodies)
    print(f"{len(bodies) - given_up} finished, {given_up} given up")
    sys.exit(1 if given_up else 0)
