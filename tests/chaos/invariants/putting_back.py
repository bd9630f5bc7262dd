"""Breaking what Redis holds for a moment, so that many breaches are made of one brief."""

from collections.abc import Iterator
from contextlib import contextmanager

from worker.store.connection import connect_bytes


@contextmanager
def put_back(url: str) -> Iterator[None]:
    """Put all keys back, with their lifetimes, as they were before the block."""
    with connect_bytes(url) as client:
        kept = {name: (max(0, client.pttl(name)), client.dump(name)) for name in client.scan_iter()}
        yield
        client.flushall()
        for name, (lifetime, value) in kept.items():
            client.restore(name, lifetime, value)
