"""Briefs and envelopes that are wrong in one way each, with the reason that must be told."""

import json
import math
from typing import Any, NamedTuple

from support import brief

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
    "choose a number": Bad(one(choose=3), "choose", "first, all, manual, best or plugin:NAME"),
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
        "actor_name must be accept_brief or pick_drafts on this queue",
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
