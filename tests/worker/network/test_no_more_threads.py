"""A process that may start no more threads, as in a container whose number of them is limited."""

import subprocess
import sys

from support import DEADLINE, ROOT

#: Its memory is limited to what it has, and a thread would take more: so no thread can be started.
_LIMITED = """
import resource, threading
from pydantic import SecretStr
from worker.network.pool import open_pool
from worker.piktid.client import PiktID
from worker.piktid.errors import NotSentError

def said():
    try:
        client.me()
    except NotSentError as error:
        return str(error)

threading.stack_size(256 * 1024 * 1024)
client = PiktID(open_pool(), "http://localhost:1", SecretStr("sandbox-a"))
pages, most = int(open("/proc/self/statm").read().split()[0]), resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 128 * 1024 * 1024, most[1]))
assert all("start new thread" in said() for _ in range(40))
resource.setrlimit(resource.RLIMIT_AS, most)
assert "refused" in said()
"""


def test_a_call_whose_host_cannot_be_looked_up_was_not_sent() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _LIMITED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
