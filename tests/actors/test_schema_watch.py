"""A process brings the ledger to its schema while it works, and ends where a newer release shuts it out."""

import threading

import pytest
import redis
from processes import ProcessFactory
from support import DEADLINE, eventually

from actors.process.schema_watch import SchemaWatch
from config import durations, keys
from config.recorded import schema
from config.settings import Settings
from worker.store.functions import Functions

SHUT_OUT = {"oldest": schema.present() + 1, "number": schema.present() + 1, "release": "9.0.0"}


def is_migrated(client: "redis.Redis") -> bool:
    return client.hget(keys.SCHEMA(), "number") == str(schema.present())


def test_a_process_migrates_and_is_ended_once_it_is_shut_out(
    client: "redis.Redis", settings: Settings, redis_url: str
) -> None:
    told = threading.Event()
    watch = SchemaWatch(settings, redis_url, told.set)
    watch.start()
    eventually(client, lambda: is_migrated(client))
    assert not told.is_set()
    watch.end()
    client.hset(keys.SCHEMA(), mapping=SHUT_OUT)
    SchemaWatch(settings, redis_url, told.set).start()
    assert told.wait(DEADLINE)


def test_what_nobody_expected_ends_no_watch_of_the_schema(
    client: "redis.Redis", settings: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "SCHEMA_LOOK_SECONDS", 0.05)
    unexpected, look = [ValueError("a word that it does not know")], SchemaWatch._look

    def looked(watch: SchemaWatch, functions: Functions) -> float:
        if unexpected:
            raise unexpected.pop()
        return look(watch, functions)

    monkeypatch.setattr(SchemaWatch, "_look", looked)
    watch = SchemaWatch(settings, redis_url)
    watch.start()
    eventually(client, lambda: is_migrated(client))
    watch.end()


def test_a_worker_that_is_shut_out_says_what_to_run(
    client: "redis.Redis", worker_process: ProcessFactory
) -> None:
    client.hset(keys.SCHEMA(), mapping=SHUT_OUT)
    refused = worker_process()
    assert refused.process.wait(DEADLINE) != 0
    assert "run identity-worker 9.0.0 or newer" in refused.written()
