"""How long `identity-worker audit` takes over many finished briefs, and what memory it needs.

    python -m benchmarks.audit [--briefs 2000]     for its goal: --briefs 100000

One brief goes its whole way through worker, listener and sandbox; what is on record of it is then copied,
each time under another id. The audit runs over a quarter of the briefs and over all of them, so that what its
start takes can be told apart. For another number than 100,000, the time of as many is calculated.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import redis

from benchmarks.cost import LIFTED, body
from benchmarks.frame.report import Figure, report
from benchmarks.harness import Setup, processes
from config import keys
from worker.ledger.records import brief_subject

BRIEFS, ALL = 2_000, 100_000
SPEED = 50.0
TEMPLATE = "audited-0"
#: Copies that are sent to Redis together.
TOGETHER = 200


class Run(NamedTuple):
    """One audit: how long it took, and the most memory that it had."""

    seconds: float
    memory_mb: float


def main(briefs: int) -> dict[str, Any]:
    """Audit a quarter of the briefs, then all."""
    few = max(1, briefs // 4)
    with processes(SPEED, **LIFTED) as setup:
        setup.enqueue([{"brief_id": TEMPLATE, **body(0)}])
        setup.wait_finished(1, deadline=60)
        copies = Copies(setup.client)
        copies.make(1, few)
        first = _audit(setup, few)
        copies.make(few, briefs)
        whole = _audit(setup, briefs)
    each = (whole.seconds - first.seconds) / (briefs - few)
    calculated = briefs != ALL
    seconds = whole.seconds + each * (ALL - briefs)
    figures = {
        "ms_a_brief": Figure(1000 * each, "ms"),
        "seconds_100000": Figure(seconds, "s, calculated" if calculated else "s"),
        "memory_mb": Figure(whole.memory_mb, "MB"),
        "memory_ratio": Figure(whole.memory_mb / first.memory_mb, "to a quarter of the briefs"),
    }
    return report("audit", figures, briefs=briefs)


class Copies:
    """Copies of everything that is on record of one finished brief, each accepted and finished a ms earlier.

    The brief's id ends in 0, theirs in their numbers. `replaced` are texts that stand as others in them.
    """

    def __init__(
        self, client: "redis.Redis", template: str = TEMPLATE, replaced: Mapping[str, str] | None = None
    ) -> None:
        self._client, self._template = client, template
        self._finished: Any = client.zscore(keys.FINISHED(), template)
        self._found = dict(self._read())
        self._replaced = replaced or {}
        record: Any = self._found[keys.RECORD(brief_subject(template))]
        self._accepted, self._batch = int(record["accepted_at"]), record.get("batch")

    def make(self, first: int, end: int) -> None:
        """Make the copies of these numbers; 0 is the brief itself."""
        for begin in range(first, end, TOGETHER):
            with self._client.pipeline(transaction=False) as pipe:
                for number in range(begin, min(begin + TOGETHER, end)):
                    self._copy(pipe, number)
                pipe.execute()

    def _copy(self, pipe: Any, number: int) -> None:
        brief_id = f"{self._template.removesuffix('0')}{number}"
        for key, value in self._found.items():
            name, copy = (json.loads(self._of(brief_id, json.dumps(each))) for each in (key, value))
            if isinstance(copy, dict):
                copy.pop("counted", None)  # it is not counted yet
                if "accepted_at" in copy:
                    copy["accepted_at"] = str(self._accepted - number)
                pipe.hset(name, mapping=copy)
            elif isinstance(copy, list):
                pipe.rpush(name, *copy)
            else:
                pipe.set(name, copy)
        pipe.zadd(keys.FINISHED(), {brief_id: self._finished - number})
        if self._batch is not None:
            pipe.zadd(keys.BATCH(self._batch), {brief_id: self._accepted - number})

    def _of(self, brief_id: str, text: str) -> str:
        for old, new in {self._template: brief_id, **self._replaced}.items():
            text = text.replace(old, new)
        return text

    def _read(self) -> Iterator[tuple[str, Any]]:
        """Return what has the brief's id in its key; what else is there, an audit does not read."""
        readers = {
            "hash": self._client.hgetall,
            "list": lambda key: self._client.lrange(key, 0, -1),
            "string": self._client.get,
        }
        for key in self._client.scan_iter(f"*{self._template}*", count=1_000):
            kind: Any = self._client.type(key)
            if kind in readers:
                yield key, readers[kind](key)


def _audit(setup: Setup, briefs: int) -> Run:
    """Run the command; raises RuntimeError unless it has found all briefs as they should be."""
    expected = setup.before + briefs
    command = [str(Path(sys.executable).parent / "identity-worker"), "audit", "--json"]
    environment = {**os.environ, "REDIS_URL": setup.ground.redis_url, "PIKTID_API_TOKEN": "none is needed"}
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    with process:
        told = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    if process.returncode != 0 or json.loads(told)["briefs"] != expected:
        raise RuntimeError(f"the audit of {briefs} briefs ended with {process.returncode}: {told[:500]}")
    return Run(seconds, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How long an audit takes.")
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    main(**vars(parser.parse_args()))
