"""What anybody may put on the inlet queue: each message ends as a record or a dead letter."""

import json
import math
import os
import subprocess
from typing import Any, NamedTuple

import pytest
import redis
from processes import ProcessFactory, script
from stepping import Flow
from support import ROOT, brief, eventually

from actors.broker.broker import brief_message
from config import keys
from worker.briefs.faults import MAX_SHOWN
from worker.ledger.records import brief_subject
from worker.views import snapshots

ESCAPE = "\x1b[31mred\x1b]0;title\x07\x9b2J"
PROMPT = [{"prompt": "A face."}]
ACCEPT = {
    "queue_name": "briefs", "actor_name": "accept_brief", "kwargs": {}, "options": {}, "message_timestamp": 0
}  # fmt: skip


class Bad(NamedTuple):
    """A brief's text, and what its faults must say: where, and a word of the rule."""

    text: Any
    path: str
    rule: str


def one(**fields: Any) -> str:
    return json.dumps(brief(**fields))


def instruction(**fields: Any) -> str:
    return one(instructions=[{"prompt": "A face.", **fields}])


#: Each is a brief that breaks rules: it ends as one failed record.
BRIEFS: dict[str, Bad] = {
    "empty text": Bad("", "", "must be JSON"),
    "no JSON": Bad("{", "", "must be JSON"),
    "a number": Bad("17", "", "one JSON object"),
    "a list": Bad("[]", "", "one JSON object"),
    "null": Bad(None, "", "one JSON object"),
    "a bare number": Bad(5, "", "one JSON object"),
    "a bare list": Bad([1], "", "one JSON object"),
    "an empty object": Bad("{}", "instructions", "is required"),
    "a megabyte": Bad(one(metadata={"x": "y" * 1_000_000}), "", "at most 262144 bytes"),
    "100,000 brackets": Bad("[" * 100_000, "", "levels of nesting"),
    "100 levels": Bad('{"metadata":' * 100 + "1" + "}" * 100, "", "levels of nesting"),
    "a number of 5,000 digits": Bad('{"priority": ' + "9" * 5_000 + "}", "", "thousands of digits"),
    "a huge integer": Bad(one(metadata={"n": 2**70}), "metadata.n", "64 bits"),
    "NaN": Bad(one(metadata={"n": math.nan}), "metadata.n", "finite"),
    "Infinity": Bad(one(metadata={"n": math.inf}), "metadata.n", "finite"),
    "a name twice": Bad('{"name": "a", "name": "b", "instructions": []}', "", "only once"),
    "a lone surrogate": Bad(one(name="\ud800"), "name", "surrogates"),
    "a lone surrogate as a name": Bad(one(metadata={"\udfff": 1}), "metadata", "surrogates"),
    "a NUL in the name": Bad(one(name="a\0b"), "name", "printable"),
    "a terminal's commands in the name": Bad(one(name=ESCAPE), "name", "printable"),
    "a terminal's commands in a field's name": Bad(one(**{ESCAPE: 1}), "", "not known"),
    "a line break in the batch": Bad(one(batch="a\r\nSET x 1"), "batch", "one line"),
    "a turned-round batch": Bad(one(batch="a\u202eb"), "batch", "one line"),
    "a batch of 10,000 characters": Bad(one(batch="b" * 10_000), "batch", "1 to 128"),
    "a name of 100,000 characters": Bad(one(name="n" * 100_000), "name", "at most 200"),
    "a brief_id with a percent sign": Bad(one(brief_id="%s%d%n"), "brief_id", "1 to 128 of"),
    "a brief_id with a number sign": Bad(one(brief_id="other#0"), "brief_id", "1 to 128 of"),
    "a brief_id with a space": Bad(one(brief_id="a b"), "brief_id", "1 to 128 of"),
    "a brief_id in Greek": Bad(one(brief_id="αβγ"), "brief_id", "1 to 128 of"),
    "a brief_id of 10,000 characters": Bad(one(brief_id="i" * 10_000), "brief_id", "1 to 128 of"),
    "a brief_id with a line break at its end": Bad(one(brief_id="a\n"), "brief_id", "1 to 128 of"),
    "a brief_id that is a list": Bad(one(brief_id=["a"]), "brief_id", "1 to 128 of"),
    "an unknown account": Bad(one(account="nobody"), "account", "account of this installation"),
    "an account like a key": Bad(one(account="a:%s"), "account", ""),
    "an account that is an object": Bad(one(account={"a": 1}), "account", "1 to 64 of"),
    "priority as text": Bad(one(priority="high"), "priority", "whole number"),
    "priority true": Bad(one(priority=True), "priority", "whole number"),
    "choose a number": Bad(one(choose=3), "choose", "first, all or manual"),
    "metadata a list": Bad(one(metadata=[]), "metadata", "an object"),
    "instructions an object": Bad(one(instructions={}), "instructions", "1 to 5 objects"),
    "six instructions": Bad(one(instructions=PROMPT * 6), "instructions", "1 to 5 objects"),
    "variations as text": Bad(instruction(num_variations="3"), "num_variations", "1 to 8"),
    "variations as a fraction": Bad(instruction(num_variations=1.5), "num_variations", "1 to 8"),
    "a trait that is an object": Bad(instruction(hair={"color": {"a": 1}}), "hair.color", "text or a number"),
    "a path that climbs": Bad(one(reference_image="../../etc/passwd"), "reference_image", "relative path"),
    "an absolute path": Bad(one(reference_image="/etc/passwd"), "reference_image", "relative path"),
    "a home": Bad(one(reference_image="~/x.png"), "reference_image", "relative path"),
    "a path with a NUL": Bad(one(reference_image="a\0.png"), "reference_image", "printable"),
    "a path of Windows": Bad(one(reference_image="..\\x.png"), "reference_image", "relative path"),
    "a file URL": Bad(one(reference_image="file:///etc/passwd"), "reference_image", "https"),
    "an http URL": Bad(one(reference_image="http://example.com/x.png"), "reference_image", "https"),
    "a gopher URL": Bad(one(reference_image="gopher://127.0.0.1:6379/_SET"), "reference_image", "https"),
    "a URL with a user": Bad(one(reference_image="https://a:b@example.com/"), "reference_image", "https"),
    "a URL of port 99999": Bad(one(reference_image="https://example.com:99999/"), "reference_image", "https"),
    "a URL with a line break": Bad(
        one(reference_image="https://a.b/\r\nX: y"), "reference_image", "printable"
    ),
    "an asset that climbs": Bad(instruction(input_assets=[{"file": "a/../../b"}]), "file", "relative path"),
}

#: Each is an envelope that cannot be run: it ends as one dead letter. The word is in the log with its id.
ENVELOPES: dict[str, tuple[bytes, str]] = {
    "no-json": (b"{", "must be JSON"),
    "empty": (b"", "must be JSON"),
    "no-utf8": (b'{"args": ["\xff"]}', "must be JSON"),
    "deep": (b"[" * 100_000, "nested by the thousand"),
    "list": (b"[]", "JSON object"),
    "no-fields": (b"{}", "actor_name is missing: it must be text"),
    "no-args": (json.dumps({**ACCEPT, "message_id": "m"}).encode(), "args"),
    "args-text": (json.dumps({**ACCEPT, "message_id": "m", "args": "abc"}).encode(), "args"),
    "kwargs-list": (json.dumps({**ACCEPT, "message_id": "m", "args": [], "kwargs": [1]}).encode(), "kwargs"),
    "actor-list": (json.dumps({**ACCEPT, "message_id": "m", "args": [], "actor_name": []}).encode(), "actor"),
    "actor-unknown": (
        json.dumps({**ACCEPT, "message_id": "m", "args": ["{}"], "actor_name": ESCAPE}).encode(),
        "actor_name must be a name",
    ),
    "actor-misspelt": (
        json.dumps({**ACCEPT, "message_id": "m", "args": ["{}"], "actor_name": "accept_breef"}).encode(),
        "",
    ),
    "actor-another": (
        json.dumps({**ACCEPT, "message_id": "m", "args": [None], "actor_name": "release_orphan"}).encode(),
        "actor_name must be accept_brief on this queue",
    ),
    "actor-deep": (
        b'{"message_id": "m", "args": [], "kwargs": {}, "actor_name": ' + b"[" * 900 + b"]" * 900 + b"}",
        "actor_name must be text, got list",
    ),
    "actor-object": (
        json.dumps({**ACCEPT, "message_id": "m", "args": [], "actor_name": {}}).encode(),
        "actor",
    ),
    "id-number": (json.dumps({**ACCEPT, "message_id": 5, "args": ["{}"]}).encode(), "message_id"),
    "no-brief": (json.dumps({**ACCEPT, "message_id": "m", "args": []}).encode(), "one brief, got 0"),
    "two-briefs": (
        json.dumps({**ACCEPT, "message_id": "m", "args": ["{}", "{}"]}).encode(),
        "one brief, got 2",
    ),
    "more": (
        json.dumps({**ACCEPT, "message_id": "m", "args": [], "kwargs": {"x" * 9_000: 1}}).encode(),
        "kwargs may hold nothing but brief",
    ),
}

#: Envelopes that are odd, and whose brief is a good one all the same.
ODD: dict[str, dict[str, Any]] = {
    "odd-queue": {"queue_name": "steps"},
    "odd-queue-list": {"queue_name": []},
    "odd-eta": {"options": {"eta": 9e15}},
    "odd-throws": {"options": {"throws": "x", "pipe_target": 5}},
    "odd-options": {"options": "none"},
    "odd-field": {"unknown": 1},
    "odd-object": {"args": [brief(brief_id="odd-object")]},
    "odd-kwargs": {"kwargs": []},
    "odd-named": {"args": [], "kwargs": {"brief": one(brief_id="odd-named")}},
}


def put(client: "redis.Redis", redis_id: str | bytes, text: str | bytes) -> None:
    """Put a message on the inlet queue as anybody can, with two commands."""
    client.hset(keys.MESSAGES(keys.INLET), redis_id, text)  # type: ignore[arg-type]  # bytes serve as well
    client.rpush(keys.QUEUE(keys.INLET), redis_id)


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
    flow: Flow, client: "redis.Redis", worker_process: ProcessFactory
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
    dead_letters = _dead_letters(client.connection_pool.connection_kwargs)
    assert dead_letters == {*(each.encode() for each in ENVELOPES), raw}
    said = worker.written()
    assert not list(client.scan_iter(keys.IN_HAND("*", keys.INLET)))
    for redis_id, (_, word) in ENVELOPES.items():
        reasons = [
            line for line in said.splitlines() if "message.unreadable" in line and f"id={redis_id} " in line
        ]
        assert not word or any(word in line for line in reasons), redis_id
    assert "\x1b" not in said


def _dead_letters(connection: dict[str, Any]) -> set[bytes]:
    with redis.Redis(host=connection["host"], port=connection["port"]) as client:
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
        answer = subprocess.run(
            [script("identity-worker"), *command],
            env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True, timeout=30,
            check=True,
        )  # fmt: skip
        assert brief_id[:40] in answer.stdout
        hostile = [each for each in answer.stdout if not each.isprintable() and each != "\n"]
        assert hostile == [], command
