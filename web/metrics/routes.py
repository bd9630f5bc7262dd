"""`GET /metrics`: the figures of the whole installation. `GET /readyz`: whether it stands still, and why.

Any one `web` tells the truth of all processes, as it reads the ledger. The handlers are no coroutines, so
Starlette runs each in a thread.
"""

from http import HTTPStatus

import redis
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from config import logs
from config.logs import Trouble
from config.settings import Settings
from web.metrics.access import may_read
from web.metrics.readings import Readings
from worker.metrics import families
from worker.metrics.exposition import exposition
from worker.metrics.sample import Sample
from worker.metrics.samples import samples
from worker.metrics.standing import Reason
from worker.store.remedies import remedy

log = logs.get("web")

_REFUSED = (
    "figures are told on the loopback, or to whoever has the token of IDENTITY_WORKER_METRICS_TOKEN_FILE\n"
)


class Monitoring:
    """Answers monitoring."""

    def __init__(self, settings: Settings, readings: Readings) -> None:
        self._settings, self._readings = settings, readings
        self._unread = Trouble(log, "metrics.unread")

    @property
    def routes(self) -> list[Route]:
        """Return what is answered."""
        return [
            Route("/metrics", self.metrics, methods=["GET"]),
            Route("/readyz", self.readyz, methods=["GET"]),
        ]

    def metrics(self, request: Request) -> Response:
        """Answer with the figures; 503 where Redis refuses."""
        if not may_read(request, self._settings.metrics_token_file):
            return PlainTextResponse(_REFUSED, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
        try:
            seconds, reading = self._readings.timed()
        except redis.RedisError as error:
            self._unread.met(error=str(error))
            return PlainTextResponse(f"redis: {error}\n", HTTPStatus.SERVICE_UNAVAILABLE)
        found = [
            *samples(reading, self._readings.reasons(reading)),
            Sample(families.READ_SECONDS, (), seconds),
        ]
        body, content_type = exposition(found, request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    def readyz(self, request: Request) -> Response:
        """Answer 200, or 503 with the reasons; whoever may not read figures is told no more than that."""
        try:
            found = self._readings.reasons(self._readings.now())
        except redis.RedisError as error:
            found = [Reason("redis", str(error), remedy(error))]
        told = (
            [reason._asdict() for reason in found]
            if may_read(request, self._settings.metrics_token_file)
            else []
        )
        status = HTTPStatus.SERVICE_UNAVAILABLE if found else HTTPStatus.OK
        return JSONResponse({"ready": not found, "reasons": told}, status)
