"""Endpoints are one set over all shards: the deliverer of each sends its events, and readers see them all."""

import json
from pathlib import Path

from delivering import running_with
from support import eventually

from config import keys
from config.settings import Settings
from tests.worker.hooks.receivers import receiving
from worker.hooks.endpoints import Endpoint
from worker.hooks.operating import Endpoints, since
from worker.hooks.standing import deliveries, standings
from worker.shards.shards import Shards


def event(brief_id: str) -> str:
    return json.dumps({"id": f"{brief_id}/1", "type": "identity.promoted", "data": {"brief_id": brief_id}})


def test_an_endpoint_is_sent_the_events_of_all_shards(redis_url: str, tmp_path: Path) -> None:
    settings = Settings(
        redis_url=redis_url, namespace="{s}", shards=2, secrets_dir=tmp_path, hooks_private=True
    )
    with Shards(redis_url, settings.namespace, 2) as shards, receiving() as receiver:
        client = shards.reading
        change = Endpoints(client, settings, "me")
        endpoint = Endpoint("shop", receiver.url)
        receiver.secrets = [change.add(endpoint) or ""]
        served = [settings.model_copy(update={"shard": shard}) for shard in range(2)]
        with running_with(served[0]), running_with(served[1]):
            for shard, brief_id in enumerate("ab"):
                shards.client(shard).xadd(keys.EVENTS(), {"event": event(brief_id)})
            receiver.wait(2)
            eventually(shards.client(0), lambda: standings(client)[1][0].taken == 2)
            assert change.resend(endpoint, lambda shard: since(shard, "0-0")) == 2
            eventually(shards.client(0), lambda: standings(client)[1][0].taken == 4)
        assert sorted(receiver.ids()) == ["a/1", "a/1", "b/1", "b/1"]
        assert len(deliveries(client, "shop", 10)) == 4
        change.remove(endpoint)
        assert standings(client)[1] == []
        for shard in shards.all:
            shards.client(shard).flushdb()
