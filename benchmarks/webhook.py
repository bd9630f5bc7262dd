"""How long `identity-worker web` takes to answer a webhook, in milliseconds.

    python -m benchmarks.webhook [--deliveries 2000]

Measured at the sender, on one connection that is kept open, one delivery at a time: the signature is checked,
the event is looked up, its step is queued and all of it synced to disk by Valkey, then the answer is sent.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import redis
from pydantic import SecretStr

from benchmarks.frame.report import Figure, report
from cli.demo.ports import free_port
from config import keys
from worker.ledger.records import brief_subject
from worker.piktid.webhook_signatures import SecretStore, sign
from worker.store import embedded
from worker.store.connection import connect

DELIVERIES = 2_000
ACCOUNT = "default"
SECRET = SecretStr("of the benchmark")
START_DEADLINE = 60.0


def main(deliveries: int) -> dict[str, Any]:
    """Deliver one event for each of as many jobs, and tell the distribution."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(embedded.running(folder / "valkey"))
        SecretStore(folder / "secrets").replace(ACCOUNT, "https://bench.invalid/", SECRET, time.time())
        connection = stack.enter_context(_web(folder, url))
        with connect(url) as client:
            _put_jobs(client, deliveries)
            delays = sorted(_deliver(connection, number) for number in range(deliveries))
            woken = client.llen(keys.QUEUE(keys.STEPS))
    figures = {
        "steps_queued": Figure(woken, "steps"),
        "median_ms": Figure(statistics.median(delays), "ms"),
        "p95_ms": Figure(delays[int(len(delays) * 0.95)], "ms"),
        "worst_ms": Figure(delays[-1], "ms"),
    }
    return report("webhook", figures, deliveries=deliveries)


def _put_jobs(client: "redis.Redis", count: int) -> None:
    """Put briefs on record whose jobs are under way, as far as an event's script looks at them."""
    with client.pipeline(transaction=False) as pipe:
        for number in range(count):
            subject = brief_subject(str(number))
            pipe.hset(keys.RECORD(subject), "state", "generating")
            pipe.set(keys.JOB(ACCOUNT, f"job_{number}"), subject)
        pipe.execute()


def _deliver(connection: http.client.HTTPConnection, number: int) -> float:
    event = {
        "id": number,
        "name": "completed",
        "data": {"id_task": f"job_{number}"},
        "timestamp": time.time(),
    }
    body = json.dumps(event).encode()
    headers = {"Content-Type": "application/json", "X-Webhook-Signature": sign(SECRET, body).decode()}
    began = time.perf_counter()
    connection.request("POST", f"/webhooks/{ACCOUNT}", body, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 204:
        raise RuntimeError(f"a delivery was answered {answer.status}")
    return (time.perf_counter() - began) * 1000


@contextmanager
def _web(folder: Path, redis_url: str) -> Iterator[http.client.HTTPConnection]:
    """Run the web process; yield a connection to it."""
    port = free_port()
    environment = {
        **os.environ,
        "REDIS_URL": redis_url,
        "PIKTID_API_TOKEN": "none is needed",
        "IDENTITY_WORKER_SECRETS_DIR": str(folder / "secrets"),
    }
    command = [sys.executable, "-m", "cli", "web", "--port", str(port)]
    with (
        (folder / "web.log").open("wb") as log,
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection,
    ):
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _connect(connection)
            yield connection
        finally:
            process.terminate()
            process.wait(30)


def _connect(connection: http.client.HTTPConnection) -> None:
    until = time.monotonic() + START_DEADLINE
    while True:
        try:
            connection.connect()
        except ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How long a webhook's answer takes.")
    parser.add_argument("--deliveries", type=int, default=DELIVERIES)
    main(**vars(parser.parse_args()))
