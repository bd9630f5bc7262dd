"""A brief of an account that lives in another shard is handed on there, whole, before it ends here."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis
from stepping import Flow, inlet_message
from support import brief, events

from actors import path, picking
from actors.broker.handing_on import hand_on
from actors.runtime import runtime
from config import keys
from config.accounts.names import DEFAULT
from config.shards import shard_of
from worker.shards.ids import Ids
from worker.shards.shards import shards_of

HERE = shard_of(DEFAULT, 2)


@pytest.fixture
def elsewhere(flow: Flow, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator["redis.Redis"]:
    """Let this process serve the shard that the account does not live in; return a client of the other."""
    of = flow.settings.model_copy(update={"namespace": "{other}:", "shards": 2, "shard": 1 - HERE})
    shards = shards_of(redis_url, of)
    rt = replace(runtime(), shards=shards, ids=Ids(shards, of))
    monkeypatch.setattr(path, "runtime", lambda: rt)
    yield shards.client(HERE)
    for shard in (0, 1):
        for name in list(shards.client(shard).scan_iter()):
            shards.client(shard).delete(name)
    shards.close()


def queued(client: "redis.Redis") -> list[dict[str, object]]:
    """Return the messages of the inlet as they stand there."""
    texts = client.hgetall(keys.MESSAGES(keys.INLET))
    return [json.loads(texts[each]) for each in client.lrange(keys.QUEUE(keys.INLET), 0, -1)]


def test_a_brief_goes_to_its_accounts_shard_as_it_was_sent(flow: Flow, elsewhere: "redis.Redis") -> None:
    message = inlet_message(brief(brief_id="b", metadata={"z": 1, "a": "Köln"}))
    flow.broker.enqueue(message)
    (sent,) = queued(flow.client)
    flow.steps.run(keys.INLET)
    assert queued(elsewhere) == [sent]
    assert (queued(flow.client), flow.ledger.read("brief:b"), events(flow.client)) == ([], None, [])


def test_a_brief_without_an_envelope_keeps_the_id_that_it_goes_by(
    flow: Flow, elsewhere: "redis.Redis"
) -> None:
    flow.client.hset(keys.MESSAGES(keys.INLET), "its-id", json.dumps(brief()))
    flow.client.rpush(keys.QUEUE(keys.INLET), "its-id")
    flow.steps.run(keys.INLET)
    (there,) = queued(elsewhere)
    assert (there["message_id"], there["args"]) == ("its-id", [brief()])


@pytest.mark.parametrize("mark", ["", "inlet:partner:"])
def test_a_choice_goes_to_the_shard_of_its_brief(
    flow: Flow, elsewhere: "redis.Redis", monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    rt = path.runtime()
    monkeypatch.setattr(picking, "runtime", lambda: rt)
    assert rt.ids.held_by_another("b", DEFAULT) is None
    message = inlet_message({}).copy(actor_name="pick_drafts", args=("b", [17]))
    flow.client.hset(keys.MESSAGES(keys.INLET), f"{mark}1", message.encode())
    flow.client.rpush(keys.QUEUE(keys.INLET), f"{mark}1")
    flow.steps.run(keys.INLET)
    (there,) = queued(elsewhere)
    assert elsewhere.lindex(keys.QUEUE(keys.INLET), 0).startswith(mark)  # type: ignore[union-attr]
    assert (there["actor_name"], there["args"]) == ("pick_drafts", ["b", [17]])
    assert queued(flow.client) == []


def test_what_is_to_follow_it_goes_with_it(flow: Flow, elsewhere: "redis.Redis") -> None:
    following = inlet_message(brief(brief_id="next"))
    pipeline = inlet_message(brief(brief_id="b")).copy(options={"pipe_target": following.asdict()})
    flow.broker.enqueue(pipeline)
    flow.steps.run(keys.INLET)
    (there,) = queued(elsewhere)
    assert there["options"]["pipe_target"]["message_id"] == following.message_id  # type: ignore[index]
    assert queued(flow.client) == []


def test_killed_in_between_it_is_there_twice_and_one_brief(flow: Flow, elsewhere: "redis.Redis") -> None:
    flow.broker.enqueue(inlet_message(brief(brief_id=None)))
    consumer = flow.broker.consume(keys.INLET)
    message = next(each for each in consumer if each is not None)
    for _ in range(2):
        hand_on(message, elsewhere)
    consumer.ack(message)
    there = queued(elsewhere)
    assert [each["message_id"] for each in there] == [message.message_id] * 2
    # There each is taken by itself; without an id of its own the brief goes by its message's.
    for name in (keys.MESSAGES(keys.INLET), keys.QUEUE(keys.INLET)):
        flow.client.restore(name, 0, elsewhere.dump(name), replace=True)
    path.runtime = runtime  # type: ignore[attr-defined]
    for _ in range(2):
        flow.steps.run(keys.INLET)
    assert flow.brief(message.message_id).state == "waiting"
    assert [each["type"] for each in events(flow.client)] == ["identity.brief.accepted"]


def test_a_brief_of_an_account_that_lives_here_is_accepted(
    flow: Flow, elsewhere: "redis.Redis", redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = flow.settings.model_copy(update={"namespace": "{other}:", "shards": 2, "shard": HERE})
    monkeypatch.setattr(path, "runtime", lambda: replace(runtime(), shards=shards_of(redis_url, of)))
    flow.accept(brief_id="b")
    assert flow.brief("b").state == "waiting"
    assert queued(elsewhere) == []
