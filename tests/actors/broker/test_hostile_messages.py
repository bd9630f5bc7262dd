"""What anybody may put on the inlet queue: each message ends as a record or a dead letter."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import forking
import pytest
import redis
from hostile_briefs import ACCEPT, BRIEFS, ENVELOPES, ESCAPE, ODD, one
from processes import ProcessFactory, script
from queue_contents import put
from stepping import Flow
from support import DEADLINE, ROOT, eventually

from actors.broker.broker import brief_message
from config import keys
from worker.briefs.faults import MAX_SHOWN
from worker.ledger.records import brief_subject
from worker.store.connection import connect_bytes
from worker.views import snapshots


def put_brief(client: "redis.Redis", message_id: str, text: Any, **changed: Any) -> None:
    put(client, message_id, json.dumps({**ACCEPT, "message_id": message_id, "args": [text]} | changed))


def is_quiet(client: "redis.Redis") -> bool:
    return not client.exists(keys.QUEUE(keys.INLET), keys.MESSAGES(keys.INLET))


def test_every_bad_brief_fails_with_a_clear_reason_and_the_next_runs(
    flow: Flow, client: "redis.Redis", worker_process: ProcessFactory
) -> None:
    flow.api.lose_events()  # by webhook the good one would come to its end
    for number, bad in enumerate(BRIEFS.values()):
        put_brief(client, f"bad-{number}", bad.text)
    put_brief(client, "good", one())
    worker_process()
    assert eventually(client, lambda: flow.ledger.read("brief:good") and is_quiet(client))
    for number, (what, bad) in enumerate(BRIEFS.items()):
        view = snapshots.brief(client, f"bad-{number}")
        assert view is not None, what
        assert (view.state, view.error) == ("failed", "the brief breaks rules"), what
        assert any(bad.path in fault["path"] and bad.rule in fault["rule"] for fault in view.faults), what
        for fault in view.faults:
            assert fault["path"].isprintable(), what
            assert len(str(fault["value"])) <= MAX_SHOWN + 1, what
    failed: Any = client.zcard(keys.FINISHED())
    assert failed == len(BRIEFS)
    assert not client.exists(keys.DEAD_LETTERS(keys.INLET))


def test_every_bad_envelope_is_one_dead_letter_with_its_reason_logged(
    flow: Flow, client: "redis.Redis", worker_process: ProcessFactory, redis_url: str
) -> None:
    for redis_id, (text, _) in ENVELOPES.items():
        put(client, redis_id, text)
    raw = b"id-\xff\xfe\x1b[31m"
    put(client, raw, b"{")
    for message_id, changed in ODD.items():
        put_brief(client, message_id, one(brief_id=message_id), **changed)
    # More than the worker has threads: none of them may have been left waiting.
    for number in range(8):
        put_brief(client, f"good-{number}", one(brief_id=f"good-{number}"))
    worker = worker_process()
    assert eventually(client, lambda: is_quiet(client))
    assert {"good-7", *ODD} <= set(map(str, client.zrange(keys.UNFINISHED(), 0, -1)))
    dead_letters = _dead_letters(redis_url)
    assert dead_letters == {*(each.encode() for each in ENVELOPES), raw}
    assert not list(client.scan_iter(keys.IN_HAND("*", keys.INLET)))

    def untold() -> list[str]:
        """Those of which the log does not say why: its lines come by a pipe."""
        lines = [line for line in worker.written().splitlines() if "message.unreadable" in line]
        told = {
            redis_id
            for redis_id, (_, word) in ENVELOPES.items()
            if not word or any(word in line and f"id={redis_id} " in line for line in lines)
        }
        return sorted(ENVELOPES.keys() - told)

    eventually(client, lambda: not untold())
    assert "\x1b" not in worker.written()


def _dead_letters(url: str) -> set[bytes]:
    with connect_bytes(url) as client:
        listed: Any = client.zrange(keys.DEAD_LETTERS(keys.INLET), 0, -1)
        kept: Any = client.hkeys(keys.DEAD_LETTER_TEXTS(keys.INLET))
    assert set(listed) == set(kept)
    return set(listed)


@pytest.mark.parametrize(
    "batch", ["100%", "%s%d%99999d", "a:b:c", "x#0", "two words", "日本語 🙂", "b" * 128, "../*?[a]"]
)
def test_a_batch_may_be_called_anything_printable_and_stays_one_key(flow: Flow, batch: str) -> None:
    before = set(map(str, flow.client.scan_iter("*batch*")))
    flow.accept(brief_id="b", batch=batch)
    assert set(map(str, flow.client.scan_iter("*batch*"))) - before == {keys.BATCH(batch)}
    assert [view.brief_id for view in snapshots.briefs(flow.client, batch=batch)] == ["b"]


def test_nothing_that_others_wrote_reaches_a_terminal_raw(
    flow: Flow, client: "redis.Redis", environment: dict[str, str]
) -> None:
    flow.broker.enqueue(
        brief_message(one(name=ESCAPE, batch=ESCAPE, metadata={ESCAPE: ESCAPE}, **{ESCAPE: ESCAPE}))
    )
    flow.steps.run(keys.INLET)
    brief_id = str(client.zrange(keys.FINISHED(), 0, -1)[0])
    # The API's own words, as it might put them.
    client.hset(keys.RECORD(brief_subject(brief_id)), "error", ESCAPE)
    client.hset(keys.RECORD("account:default"), mapping={"pause_reason": ESCAPE, "pause_until": 4e12})
    for command in (["status"], ["status", brief_id], ["events"], ["watch", "--once"], ["status", "--json"]):
        with Path(os.devnull).open("r+b") as nothing, tempfile.TemporaryFile("w+") as out:
            words = [script("identity-worker"), *command]
            process = forking.start(words, {**os.environ, **environment}, ROOT, (nothing, out, nothing))
            assert process.wait(DEADLINE) == 0
            out.seek(0)
            printed = out.read()
        assert brief_id[:40] in printed
        hostile = [each for each in printed if not each.isprintable() and each != "\n"]
        assert hostile == [], command
