"""Servers of buckets: moto's S3, the same as Google's XML API asks it, and Azurite, which is Azure's own."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.server import ThreadedMotoServer
from support import DEADLINE
from werkzeug.serving import make_server

from cli.demo.ports import free_port

BUCKET = "pictures"
#: What moto takes for a signature; it does not check it.
_SIGNED = "AWS4-HMAC-SHA256 Credential=a/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
#: The account that every Azurite has, and its key (Azurite's README).
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
#: Where Azurite's program lies; unset: it is not here. `make test-buckets` installs it.
AZURITE = os.environ.get("IDENTITY_WORKER_TEST_AZURITE")


@contextmanager
def s3() -> Iterator[str]:
    """Yield the address of an S3 server with one bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        # What all servers of this process hold is one: also that of the test before.
        httpx.post(f"{url}/moto-api/reset", trust_env=False, timeout=DEADLINE).raise_for_status()
        httpx.put(f"{url}/{BUCKET}", trust_env=False, timeout=DEADLINE).raise_for_status()
        yield url
    finally:
        server.stop()


@contextmanager
def google(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of a bucket of Google's: moto's, which knows no other signature than its own.

    Google's XML API is S3's, but for paths with `%2F` and for a bearer's token.
    """
    backend = DomainDispatcherApplication(create_backend_app)  # type: ignore[no-untyped-call]

    def door(environ: dict[str, Any], start: Any) -> Any:
        environ["HTTP_AUTHORIZATION"] = _SIGNED
        return backend(environ, start)  # type: ignore[no-untyped-call]

    server = make_server("127.0.0.1", 0, door, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        # It is one for the process.
        httpx.post(f"{url}/moto-api/reset", trust_env=False, timeout=DEADLINE).raise_for_status()
        httpx.put(f"{url}/{BUCKET}", trust_env=False, timeout=DEADLINE).raise_for_status()
        key = {"gcs_base_url": url, "disable_oauth": True, "client_email": "", "private_key": ""}
        (folder / "key.json").write_text(json.dumps(key | {"private_key_id": ""}))
        yield {"GOOGLE_BASE_URL": url, "GOOGLE_SERVICE_ACCOUNT": str(folder / "key.json")}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def azure() -> Iterator[dict[str, str]]:
    """Yield the environment of a container of Azurite's."""
    assert AZURITE is not None
    port = free_port()
    options = ["--skipApiVersionCheck", "--inMemoryPersistence", "--disableTelemetry"]
    place = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    process = subprocess.Popen(["node", AZURITE, *options, *place], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert any("successfully listens" in line for line in process.stdout)
        endpoint = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
        _create(endpoint)
        yield {
            "AZURE_STORAGE_ACCOUNT_NAME": AZURE_ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
            "AZURE_STORAGE_ENDPOINT": endpoint,
        }
    finally:
        process.terminate()
        process.communicate()


def _create(endpoint: str) -> None:
    """Make a container, signed by the account's key (Azure, *Authorize with Shared Key*)."""
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"x-ms-date": date, "x-ms-version": "2021-12-02"}
    told = "".join(f"{name}:{value}\n" for name, value in headers.items())
    of = f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{BUCKET}\nrestype:container"
    signed = hmac.new(base64.b64decode(AZURE_KEY), f"PUT{12 * chr(10)}{told}{of}".encode(), hashlib.sha256)
    headers["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(signed.digest()).decode()}"
    url = f"{endpoint}/{BUCKET}?restype=container"
    httpx.put(url, headers=headers, trust_env=False, timeout=DEADLINE).raise_for_status()
