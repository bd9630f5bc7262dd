"""A copy of Redis' files comes back while 100 briefs have run since: is any paid for twice, or lost?

    python -m tests.chaos.programs.restore [--briefs N] [--seed N] [--keep FOLDER]

The append-only folder of a server under load is copied. Briefs run on, then everything is killed at once, the
copy is put in the place of the folder, and `identity-worker restored` is run. Whoever has sent a brief since
the copy was made sends it again, and workers and listeners start anew. The last line is one JSON object; it
exits 1 when something was paid for twice or lost.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.chaos.harness.fleet import BIN, ROOT
from tests.chaos.harness.orders import orders
from tests.chaos.harness.store import Store
from tests.chaos.harness.world import World, wait_until_followed, world
from tests.chaos.invariants.invariants import ENDS, Breach, Kind, whose

ACCOUNTS, SPEED, TIMEOUT = 4, 60.0, 3.0
#: Briefs that were sent before the copy, and those of them that are finished by then.
BEFORE, FINISHED = 30, 10
#: Seconds in which all briefs must come to their ends, and in which all must be quiet then.
PATIENCE, QUIET = 300.0, 15.0


def drill(briefs: int, seed: int, keep: Path | None = None) -> dict[str, Any]:
    """Run it; return the figures, with the breaches by their kinds."""
    with (
        tempfile.TemporaryDirectory() as folder,
        world(accounts=ACCOUNTS, speed=SPEED, timeout=TIMEOUT, workers=2, keep=keep) as made,
    ):
        store, copy = made.store, Path(folder, "copy")
        assert isinstance(store, Store)
        sent = orders(seed, BEFORE + briefs, list(made.accounts))
        for brief in sent[:BEFORE]:
            made.send(brief)
        _wait(made, FINISHED)
        store.copy(copy)
        for brief in sent[BEFORE:]:
            made.send(brief)
        _wait(made, len(sent))
        bought = _creations(made)

        made.fleet.power_off()
        store.kill()
        store.put_back(copy)
        store.start()
        there = sum(brief.finished for brief in made.briefs())
        command = [str(BIN / "identity-worker"), "restored", "--why", "drill"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **made.environment}, check=True)
        for brief in sent[BEFORE:]:
            made.send(brief)
        began = time.monotonic()
        made.fleet.restart_after = 0.2
        wait_until_followed(made, 2)
        _wait(made, len(sent))
        seconds = time.monotonic() - began
        breaches = [each for each in made.wait_until_quiet(QUIET) if not _is_asked(made, sent, each)]
        for breach in breaches:
            print(f"{breach.kind}: {breach.subject} {breach.what}")
        kinds, after = Counter(each.kind for each in breaches), made.briefs()
        states = Counter(each.state for each in after)
        return {
            "briefs": len(sent),
            "finished_in_the_copy": there,
            **{state: states[state] for state in ("done", "failed", "held")},
            "held_why": dict(Counter(_reason(each.question or "") for each in after if each.state == "held")),
            "bought_before": bought,
            "bought_after": _creations(made) - bought,
            **{kind.value: kinds[kind] for kind in Kind},
            "seconds_until_known": round(seconds, 1),
        }


def _is_asked(made: World, sent: Sequence[Mapping[str, Any]], breach: Breach) -> bool:
    """Whether it is what an operator is asked about: whose an identity is that was made since the copy.

    And whether it is a description that no copy tells of, though there was one for each photo.
    """
    ledger = made.ledger()
    if breach.kind is Kind.WASTED:
        held = {brief.brief_id for brief in made.briefs() if brief.state == "held"}
        return whose(ledger).get(breach.subject) in held
    if breach.kind is Kind.PAID_TWICE and breach.subject in made.accounts:
        photos = [each for each in sent if each["account"] == breach.subject and "reference_image" in each]
        charges = ledger["accounts"][made.accounts[breach.subject]]["credits"]["charges"]
        return sum(each["reason"] == "extraction" for each in charges) <= len(photos)
    return False


def _reason(question: str) -> str:
    return question.partition("(")[2].partition(";")[0] or question


def _creations(made: World) -> int:
    jobs = [job for account in made.ledger()["accounts"].values() for job in account["jobs"]]
    return sum(job["job_type"] == "identity_creation" for job in jobs)


def _wait(made: World, finished: int) -> None:
    """Return once so many briefs have come to an end."""
    until = time.monotonic() + PATIENCE
    while sum(brief.state in ENDS for brief in made.briefs()) < finished:
        if time.monotonic() > until:
            raise TimeoutError(f"not at an end: {Counter(brief.state for brief in made.briefs())}")
        time.sleep(0.1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.programs.restore")
    parser.add_argument("--briefs", type=int, default=100, help="that run between the copy and the restore")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the logs and Redis' files")
    given = parser.parse_args()
    result = drill(given.briefs, given.seed, given.keep)
    print(json.dumps(result))
    sys.exit(bool(result[Kind.PAID_TWICE] or result[Kind.LOST]))
