"""The path of one brief, row by row: what sets a step off, and what is on record when it is over.

Begin here. The rows are: a brief message, permits, the API's word on the job, permits again, the API's word
on the identity. The first test steps the actors one message at a time. The second goes the same way through
real processes, held at each row by an answer that does not come or by the listener's absence.
"""

import json
from typing import Any

import redis
from own_account import CREATE, LONG, PROMOTE, Api
from processes import ProcessFactory
from stepping import Flow, enqueue
from support import event_types, events, eventually

from config import keys
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.views import snapshots

ACCOUNT = "default"
SUBJECT = "brief:spring"
PROMOTION = "promotion:spring#0"
METADATA = {"order": 4711, "who": {"team": "knitwear", "tags": []}}
BRIEF: dict[str, Any] = {"brief_id": "spring", "batch": "autumn", "metadata": METADATA}


def in_use(client: "redis.Redis") -> dict[str, Any]:
    """What the account has in use: job permits, reserved slots, identities in the library."""
    return {
        "jobs": client.zrange(keys.PERMITS(ACCOUNT), 0, -1),
        "slots": client.hgetall(keys.SLOTS(ACCOUNT)),
        "identities": client.zcard(keys.IDENTITIES(ACCOUNT)),
    }


def under_way(client: "redis.Redis", endpoint: str) -> Any:
    """The requests of an endpoint's window that have no end yet."""
    return client.zrangebyscore(keys.WINDOW(ACCOUNT, endpoint), "+inf", "+inf")


def next_steps(client: "redis.Redis") -> list[str]:
    """The steps that are queued."""
    messages: Any = client.hvals(keys.MESSAGES(keys.STEPS))
    decoded = [json.loads(message) for message in messages]
    return [f"{message['actor_name']} {message['args'][0]}" for message in decoded]


def timers(client: "redis.Redis") -> Any:
    """The records whose step is woken at some time, whatever the API says or does not say."""
    return [subject for subject in client.zrange(keys.TIMERS(), 0, -1) if subject != "library:default"]


def test_each_row_leaves_on_record_what_the_next_one_needs(flow: Flow) -> None:
    client = flow.client
    flow.api.lose_events()  # the test brings them, each at its row

    # Row 1: a brief message. The brief is on record and, as nobody is before it, granted its permits.
    flow.accept(**BRIEF)
    assert flow.brief("spring").state == "waiting"
    assert event_types(client) == ["identity.brief.accepted"]
    assert client.zrange(keys.UNFINISHED(), 0, -1) == client.zrange(keys.BATCH("autumn"), 0, -1) == ["spring"]
    assert in_use(client) == {"jobs": [SUBJECT], "slots": {SUBJECT: "1"}, "identities": 0}
    assert under_way(client, "create") == [SUBJECT]
    assert next_steps(client) == ["submit_brief " + SUBJECT]
    assert timers(client) == [SUBJECT]
    assert flow.calls("spring") == []

    # Row 2: permits granted. The drafts are bought: journalled before, on record with the job's id after.
    assert flow.steps.run() == ("submit_brief", SUBJECT)
    submitted = flow.brief("spring")
    (job,) = flow.api.ledger()["jobs"]
    assert (submitted.state, submitted.get("job_id")) == ("generating", job["job_id"])
    assert flow.calls("spring") == ["create intended", "create accepted"]
    assert client.get(keys.JOB(ACCOUNT, job["job_id"])) == SUBJECT
    assert in_use(client) == {"jobs": [SUBJECT], "slots": {SUBJECT: "1"}, "identities": 0}
    assert under_way(client, "create") == []
    assert (client.zcard(keys.WINDOW(ACCOUNT, "create")), next_steps(client)) == (1, [])
    assert timers(client) == [SUBJECT]

    # Row 3: the API speaks of the job. Its drafts are read, its permit handed on, the choice put on record.
    flow.api.rest()
    assert flow.functions.run(commands.wake(account=ACCOUNT, event="1", job=job["job_id"])) == "ours"
    assert flow.steps.run() == ("collect_drafts", SUBJECT)
    assert event_types(client)[1:] == ["identity.drafts.ready"]
    assert flow.brief("spring").state == "promoting"
    planned = flow.promotion("spring")
    assert planned.state == "planned"
    first, second = [draft["image_result_id"] for draft in job["drafts"]]
    assert [draft["image_result_id"] for draft in planned.json("candidates")] == [first, second]
    assert in_use(client) == {"jobs": [PROMOTION], "slots": {PROMOTION: "1"}, "identities": 0}
    assert under_way(client, "promote") == [PROMOTION]
    assert next_steps(client) == ["promote_draft " + PROMOTION]
    assert timers(client) == [PROMOTION]

    # Row 4: permits granted. The first draft becomes an identity, which takes the slot that was kept for it.
    assert flow.steps.run() == ("promote_draft", PROMOTION)
    promoted = flow.promotion("spring")
    (identity,) = flow.api.ledger()["identities"]
    assert promoted.state == "preprocessing"
    assert promoted.get("identity_code") == identity["identity_code"]
    assert promoted.get("preprocessing_job_id") == identity["preprocessing_job_id"]
    assert identity["image_result_id"] == first
    assert flow.calls("spring")[3:] == ["promote intended", "promote accepted"]
    assert event_types(client)[2:] == ["identity.promoted"]
    assert in_use(client) == {"jobs": [PROMOTION], "slots": {}, "identities": 1}
    assert (under_way(client, "promote"), timers(client)) == ([], [PROMOTION])

    # Row 5: the API speaks of the preprocessing. The identity is ready; with the last one the brief is done.
    flow.api.rest()
    event = {"event": "2", "job": identity["preprocessing_job_id"]}
    assert flow.functions.run(commands.wake(account=ACCOUNT, **event)) == "ours"
    assert flow.steps.run() == ("finish_identity", PROMOTION)
    assert (flow.promotion("spring").state, flow.brief("spring").state) == ("ready", "done")
    assert event_types(client)[3:] == ["identity.preprocessing.completed", "identity.brief.done"]
    assert in_use(client) == {"jobs": [], "slots": {}, "identities": 1}
    assert (timers(client), next_steps(client)) == ([], [])
    assert (client.zcard(keys.UNFINISHED()), client.zrange(keys.FINISHED(), 0, -1)) == (0, ["spring"])

    # Both of the API's events are to be deleted; each of ours tells whose brief it is and what came of it.
    assert client.zrange(keys.HANDLED(ACCOUNT), 0, -1) == ["1", "2"]
    told = events(client)
    for each in told:
        envelope = {"brief_id": "spring", "batch": "autumn", "account": ACCOUNT, "metadata": METADATA}
        assert envelope.items() <= each["data"].items()
    code, url = identity["identity_code"], told[2]["data"]["url"]
    facts = {"identity_code": code, "image_result_id": first, "url": url}
    assert facts.items() <= told[2]["data"].items()
    assert facts.items() <= told[3]["data"].items()
    assert [each["identity_code"] for each in told[4]["data"]["promotions"]] == [code]
    assert flow.api.ledger()["credits"]["charged"] == {"drafts": 10, "promotion": 50}


def test_one_brief_goes_the_whole_path_through_real_processes(
    redis_url: str,
    client: "redis.Redis",
    ledger: Ledger,
    api: Api,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
) -> None:
    def state(subject: str) -> str:
        record = ledger.read(subject)
        return record.state if record else "nowhere"

    def seen(subject: str, expected: str) -> bool:
        return eventually(client, lambda: state(subject) == expected)

    def journal() -> list[str]:
        return [f"{entry['call']} {entry['what']}" for entry in snapshots.journal(ledger.client, "spring")]

    # A listener that comes late must still be told of the job; by webhook the word on it is held as well.
    api.set(backfill_seconds=100_000)
    api.fault("late", seconds=LONG, count=None)
    api.hold(CREATE)

    # Row 1: a brief message, sent as any Dramatiq program would, before there is a worker.
    enqueue(redis_url, **BRIEF)
    assert client.llen(keys.QUEUE(keys.INLET)) == 1
    worker = worker_process(IDENTITY_WORKER_REQUEST_TIMEOUT="60")

    # Row 2: permits granted; while the API takes its time to answer, the intent is on record.
    assert seen(SUBJECT, "submitting")
    assert journal() == ["create intended"]
    assert in_use(client) == {"jobs": [SUBJECT], "slots": {SUBJECT: "1"}, "identities": 0}
    assert under_way(client, "create") == [SUBJECT]
    api.let_go(PROMOTE)
    assert seen(SUBJECT, "generating")
    assert journal() == ["create intended", "create accepted"]
    assert event_types(client) == ["identity.brief.accepted"]

    # Row 3: nobody listens, so nothing goes on; then somebody does, and the API replays what was missed.
    assert timers(client) == [SUBJECT]
    listener = listener_process()
    assert seen(SUBJECT, "promoting")

    # Row 4: permits granted; the promotion holds the job permit and the slot that the brief had kept.
    assert seen(PROMOTION, "promoting")
    assert journal()[3:] == ["promote intended"]
    assert in_use(client) == {"jobs": [PROMOTION], "slots": {PROMOTION: "1"}, "identities": 0}
    # It is intended before it is on its way, and one that comes later would be held by the next rule.
    assert eventually(client, lambda: api.arrived(PROMOTE) == 1)
    api.let_go("/identity/*")
    assert seen(PROMOTION, "preprocessing")
    assert in_use(client) == {"jobs": [PROMOTION], "slots": {}, "identities": 1}
    assert journal()[4:] == ["promote accepted"]

    # Row 5: the identity is ready, the brief done, and the account free again.
    api.let_go()
    assert seen(PROMOTION, "ready")
    assert seen(SUBJECT, "done")
    assert event_types(client) == [
        "identity.brief.accepted",
        "identity.drafts.ready",
        "identity.promoted",
        "identity.preprocessing.completed",
        "identity.brief.done",
    ]
    assert in_use(client) == {"jobs": [], "slots": {}, "identities": 1}
    assert eventually(client, lambda: not api.ledger()["pending_notifications"])
    # The listener first: its timers queue steps, such as the next count of the library, for a worker to run.
    assert listener.stop() == 0
    assert eventually(client, lambda: next_steps(client) == [])
    assert worker.stop() == 0
    assert api.token not in worker.written() + listener.written()
    assert not client.exists(keys.MESSAGES(keys.INLET), keys.MESSAGES(keys.STEPS))
    assert not client.exists(keys.DEAD_LETTERS(keys.INLET), keys.DEAD_LETTERS(keys.STEPS))
