"""Break each guard of the project by hand and see that a test notices: `make mutants`.

    python tests/mutants.py [WORD...]

Each mutation (`tests/mutation/`) is applied to a copy of the project, in which the tests of what it breaks
are run; a mutant that passes them is a rule that nobody tests. With words, only those mutants whose file or
description holds one of them. Prints a table; exits 1 when one survived or no longer applies.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from mutation import (
    arrivals,
    broker,
    creates,
    functions,
    leases,
    ledger,
    network,
    operator,
    outages,
    permits,
    photos,
    sending,
    shards,
)
from mutation.mutant import Mutant
from mutation.web import choices, page

AREAS = (
    *(permits, creates, ledger, operator, broker, outages, network, arrivals, functions, leases),
    *(photos, sending, shards, choices, page),
)
MUTANTS = [mutant for area in AREAS for mutant in area.MUTANTS]
ROOT = Path(__file__).parent.parent
#: What the tests need of the project.
NEEDED = (
    *("actors", "benchmarks", "cli", "config", "docs", "examples", "identity_worker", "sandbox", "tests"),
    *("web", "worker"),
    "pyproject.toml",
)
#: Seconds that the tests may take on one mutant: one that never ends is noticed, too.
PATIENCE = 300
AT_ONCE = 2


class Result(NamedTuple):
    """What came of a mutant: the first test that noticed it, or why there is none."""

    mutant: Mutant
    killed: bool
    by: str


def try_(mutant: Mutant) -> Result:
    """Run the tests on a mutant."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for part in NEEDED:
            target = copy / part
            target.parent.mkdir(parents=True, exist_ok=True)
            source = ROOT / part
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        mutated = copy / mutant.file
        text = mutated.read_text(encoding="utf-8")
        if text.count(mutant.before) != 1:
            return Result(mutant, False, f"stands {text.count(mutant.before)} times in {mutant.file}")
        mutated.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")
        return _run(mutant, copy)


def _run(mutant: Mutant, copy: Path) -> Result:
    # So wide that pytest cuts no error of its summary short.
    more = {"PYTHONPATH": str(copy), "COLUMNS": "300", "IDENTITY_WORKER_TEST_NO_SHRINK": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "--tb=line",
        "-rfE",
        "-p",
        "no:cacheprovider",
        *mutant.tests,
    ]
    try:
        ran = subprocess.run(
            command,
            cwd=copy,
            env=os.environ | more,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Result(mutant, True, f"not done after {PATIENCE} s")
    # After a test its fixture looks at the keys: what that finds is an error, not a failure.
    found = r"^(?:FAILED \S+::(?=\S)|ERROR \S+::(?=\S+ - AssertionError))(\S+)"
    failed = re.search(found, ran.stdout, re.MULTILINE)
    if ran.returncode == 0:
        return Result(mutant, False, "survived")
    return Result(mutant, failed is not None, failed.group(1) if failed else "the tests did not run")


def main(words: list[str]) -> int:
    """Try all mutants, or those whose file or description holds one of the words."""
    chosen = [m for m in MUTANTS if not words or any(word in m.file or word in m.what for word in words)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = []
        for result in pool.map(try_, chosen):
            results.append(result)
            print(f"{'killed' if result.killed else 'ALIVE '}  {result.mutant.what}: {result.by}", flush=True)
    alive = [result for result in results if not result.killed]
    print(f"{len(results) - len(alive)} of {len(results)} mutants were noticed")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
