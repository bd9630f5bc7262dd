"""A webhook receiver on a real socket, written from the guide with Flask."""

import hashlib
import hmac
import logging
import queue
import threading
from typing import Any

import flask
from support import DEADLINE
from werkzeug.serving import make_server


class Receiver:
    """Keeps what was delivered; answers 500 to the first `failures` deliveries."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        #: (headers, raw body), in the order of arrival.
        self.deliveries: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        app = flask.Flask(__name__)
        app.post("/hook")(self._take)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def next(self) -> tuple[dict[str, str], bytes]:
        return self.deliveries.get(timeout=DEADLINE)

    def _take(self) -> Any:
        self.deliveries.put((dict(flask.request.headers), flask.request.get_data()))
        self.failures -= 1
        return "", 500 if self.failures >= 0 else 204


def signed_with(secret: str, delivery: tuple[dict[str, str], bytes]) -> bool:
    headers, body = delivery
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, headers["X-Webhook-Signature"])
