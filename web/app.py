"""The application of `web`: its routes, and the background tasks of the same process."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.process.beside import beside
from actors.process.orders_watch import OrdersWatch
from actors.process.reloading import AccountsWatch
from actors.process.schema_watch import SchemaWatch
from actors.process.signing import Signing
from config.accounts.live import LiveAccounts
from config.processes import reload_at_sighup
from config.settings import Settings
from web.connections import log_loop_errors
from web.metrics.readings import Readings
from web.metrics.routes import Monitoring
from web.page.page import Page
from web.v1.problems import of_router
from web.v1.routes import V1
from web.webhooks import WebhookInlet
from worker.shards.shards import shards_of


def build_app(settings: Settings, live: LiveAccounts, redis_url: str) -> Starlette:
    """Return the application, which reads accounts again as they change, and in the main thread at SIGHUP."""
    web = _Web(settings, live, redis_url)
    return Starlette(routes=web.routes, lifespan=web.running, exception_handlers={HTTPException: of_router})


class _Web:
    """The parts of the process, which share its accounts and connections."""

    def __init__(self, settings: Settings, live: LiveAccounts, redis_url: str) -> None:
        self._shards = shards_of(redis_url, settings)
        readings = Readings(self._shards.reading, settings)
        self._inlet = WebhookInlet(settings, lambda: live.named, redis_url)
        self._monitoring = Monitoring(settings, readings)
        self._v1 = V1(settings, lambda: live.named, redis_url)
        watch = OrdersWatch(settings, redis_url)
        self._page = Page(settings, self._shards.reading, readings, watch.tell)
        self._accounts = AccountsWatch(live)
        self._signing = Signing(redis_url, "web")
        self._beside = (
            self._signing,
            self._accounts,
            SchemaWatch(settings, redis_url),
            watch,
        )

    @property
    def routes(self) -> list[Route]:
        """Return what is answered."""
        return [
            *self._inlet.routes,
            Route("/healthz", _healthz, methods=["GET"]),
            *self._monitoring.routes,
            *self._v1.routes,
            *self._page.routes,
        ]

    @contextlib.asynccontextmanager
    async def running(self, _: Starlette) -> AsyncIterator[None]:
        """Run what is beside the answers, and close all connections at the end."""
        asyncio.get_running_loop().set_exception_handler(log_loop_errors)
        if threading.current_thread() is threading.main_thread():
            reload_at_sighup(self._accounts.tell)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._shards.close)
            for part in (self._page, self._v1, self._inlet):
                stack.push_async_callback(part.close)
            stack.enter_context(beside(*self._beside))
            watching = asyncio.create_task(self._signing.watch())
            stack.callback(watching.cancel)
            yield


async def _healthz(_: Request) -> Response:
    """Answer that this process lives, without asking Redis: restarting `web` would not bring Redis back."""
    return Response("ok\n", media_type="text/plain")
