"""A `web` that runs for a benchmark."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from cli.demo.ports import free_port

#: Seconds, on a machine that has much else to do.
_START_DEADLINE = 60.0


@contextmanager
def web(
    environment: Mapping[str, str], token: str | None = None
) -> Iterator[tuple["subprocess.Popen[bytes]", httpx.Client]]:
    """Run `web` for the length of the block; yield it and a client of it, which has the token."""
    port = free_port()
    words = [sys.executable, "-m", "cli", "web", "--port", str(port)]
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with (
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False
        ) as client,
        subprocess.Popen(words, env={**os.environ, **environment}) as process,
    ):
        try:
            _wait_for(client)
            yield process, client
        finally:
            process.terminate()


def _wait_for(client: httpx.Client) -> None:
    end = time.monotonic() + _START_DEADLINE
    while time.monotonic() < end:
        try:
            client.get("/healthz").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"web did not answer within {_START_DEADLINE:.0f} s")
