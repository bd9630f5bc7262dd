"""A real S3 server of this process, moto's, with one bucket; the environment leads to it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from moto.server import ThreadedMotoServer


def environment(url: str) -> dict[str, str]:
    """Return the variables by which S3's clients find a server."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    return {"AWS_ENDPOINT_URL": url, **keys}


@contextmanager
def served(bucket: str) -> Iterator[str]:
    """Yield the URL of an empty bucket, `s3://BUCKET`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    before = dict(os.environ)
    try:
        os.environ.update(environment(f"http://127.0.0.1:{port}"))
        httpx.put(f"http://127.0.0.1:{port}/{bucket}", trust_env=False).raise_for_status()
        yield f"s3://{bucket}"
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.stop()
