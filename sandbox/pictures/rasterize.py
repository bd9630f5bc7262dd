"""SVG to PNG, without holding up the events meanwhile."""

import os
import subprocess
import sys
import threading

import resvg_py

#: resvg keeps Python's lock while it draws: 4 ms at a thumbnail's size, 0.2 s at 1K, 3 s at 4K. What is
#: larger than this is drawn by another process, or all streams and answers would stand still for so long.
LARGEST_HERE = 400
_ELSEWHERE = (
    "import sys, resvg_py; sys.stdout.buffer.write(bytes(resvg_py.svg_to_bytes("
    "svg_string=sys.stdin.read(), width=int(sys.argv[1]), height=int(sys.argv[1]), skip_system_fonts=True)))"
)
_processors = threading.BoundedSemaphore(os.cpu_count() or 1)


def png(svg: str, side: int) -> bytes:
    """A square picture, `side` pixels wide. Blocks; raises CalledProcessError if it can't be drawn."""
    if side <= LARGEST_HERE:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side, skip_system_fonts=True))
    command = [sys.executable, "-P", "-c", _ELSEWHERE, str(side)]
    with _processors:
        done = subprocess.run(command, input=svg.encode(), capture_output=True, check=True)  # noqa: S603  # ours
    return done.stdout
