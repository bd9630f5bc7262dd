"""Where the processor goes: what a process notes of itself, and how it is summed up."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.frame import stacks

ROOT = Path(__file__).parents[3]
NOTED = f"""Stack (most recent call first):
  File "/usr/lib/python3.11/json/encoder.py", line 12 in encode
  File "{ROOT}/.venv/lib/python3.11/site-packages/redis/client.py", line 7 in execute
  File "{ROOT}/worker/ledger/ledger.py", line 40 in apply
Stack (most recent call first):
  File "{ROOT}/worker/ledger/ledger.py", line 40 in apply
Stack (most recent call first):
  File "/usr/lib/python3.11/json"""


def test_what_python_takes_is_counted_to_its_caller() -> None:
    found = list(stacks.read(NOTED))
    assert stacks.by_owner(found) == {"redis": 1, "worker/ledger": 1}
    assert stacks.by_function(found) == {"encode (encoder.py)": 1, "apply (worker/ledger/ledger.py)": 1}


def test_a_function_is_told_with_all_that_it_has_called() -> None:
    found = list(stacks.read(NOTED))
    assert stacks.by_caller(found)["apply (worker/ledger/ledger.py)"] == 2
    assert stacks.by_our_line(found) == {"worker/ledger/ledger.py:40 apply": 2}


def test_a_command_notes_what_it_is_at(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.frame.profiled", str(tmp_path), "schema"]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, check=True)
    assert ended.stdout.startswith(b"{")
    (noted,) = tmp_path.glob("*.stacks")
    assert any(frame.file == "cli/main.py" for stack in stacks.read(noted.read_text()) for frame in stack)
