"""What `identity-worker why` tells of a brief that runs, is held, has failed or is finished."""

import re
from collections.abc import Callable

from commandline import Command
from own_account import CREATE, PROMOTE
from standings import blockers, fill, limit
from stepping import Flow, inlet_message
from support import brief

from config import keys
from config.times import format_time
from worker.ledger.transition import Transition
from worker.views import account_reading

LEASE = keys.LEASE("default")


def test_a_brief_no_worker_has_taken_may_be_among_the_queued(command: Command, flow: Flow) -> None:
    flow.broker.enqueue(inlet_message(brief(brief_id="a")))
    flow.client.delete(keys.WORKERS())
    answer = command("why", "a")
    assert answer.returncode == 1
    told = "1 brief is queued that no worker has taken yet: none runs; start one by `identity-worker work`\n"
    assert told in answer.stderr


def test_a_running_job_is_told_with_its_id_and_the_next_look(command: Command, flow: Flow) -> None:
    fill(flow, 1)
    job = flow.brief("job-0").fields["job_id"]
    text = command("why", "job-0").stdout
    assert f"  now:      the API draws its drafts, job {job}\n" in text
    assert re.search(r"  next:     looked at in \d+s, or when the API speaks of it\n", text)


def test_what_an_uncertain_create_waits_for_is_told_by_the_stream(command: Command, flow: Flow) -> None:
    fill(flow, 1)
    flow.ledger.apply(flow.brief("job-0"), Transition("failed"))
    flow.client.delete(LEASE)
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="a")
    flow.until("a", "uncertain")
    assert (
        "  stream:   nobody follows it: start `identity-worker listen` with a token of it\n"
        in command("why", "a").stdout
    )
    flow.client.set(LEASE, "a listener", px=600_000)
    stream = {"connected_at": "1", "heard_at": "2", "unbroken_since": "1000", "replayed_since": "3000"}
    flow.client.hset(keys.STREAM("default"), mapping=stream)
    text = command("why", "a").stdout
    assert f"without a gap from {format_time(1_000)} to " in text
    assert "the account's stream has never told of a job of ours: nothing is sent again on its word\n" in text
    flow.client.hset(keys.STREAM("default"), "told_at", "1")
    replays = f"its replays have brought all since {format_time(3_000)}; a create since then"
    assert replays in command("why", "a").stdout


def test_a_held_brief_is_told_its_question_and_what_answers_it(command: Command, flow: Flow) -> None:
    fill(flow, 1)
    flow.ledger.apply(flow.brief("job-0"), Transition("held", fields={"question": "was it charged?"}))
    text = command("why", "job-0").stdout
    assert blockers(flow, "job-0") == [{"what": "question"}]
    assert "  asks:     was it charged?\n" in text
    answers = "".join(
        f"    identity-worker resolve job-0 {each}\n" for each in ("--adopt JOB", "--resend", "--give-up")
    )
    assert f"  answer:   by one of these\n{answers}" in text


def test_a_brief_that_wants_a_pick_says_so(command: Command, heard: Flow) -> None:
    heard.accept(brief_id="a", choose="manual")
    heard.until("a", "choosing")
    assert "  waits:    for a person: `identity-worker pick a DRAFT...`\n" in command("why", "a").stdout


def test_a_failed_brief_is_told_its_faults(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="bad", priority=1000)
    text = command("why", "bad").stdout
    assert text.startswith("bad is failed since ")
    assert "  the brief breaks rules\n  priority: a whole number from -100 to 100" in text


def test_a_brief_whose_promotions_failed_is_told_why_each_did(command: Command, heard: Flow) -> None:
    heard.api.refuse(PROMOTE, 400, {"error": "no face"}, count=2)
    heard.finish(heard.accept(brief_id="a"))
    text = command("why", "a").stdout
    assert "  none of its promotions made an identity\n  promotion:a#0: 400: no face\n" in text


def test_a_finished_brief_waits_for_nothing_and_its_durations_serve_the_next(
    command: Command, heard: Flow
) -> None:
    heard.finish(heard.accept(brief_id="a"))
    assert command("why", "a").stdout.startswith("a is done since ")
    report = account_reading.report(heard.client, "default")
    assert report.drafts_ms is not None
    assert report.preprocessing_ms is not None
    limit(heard, jobs=1)
    heard.api.set(drafts_median_seconds=3_000)
    heard.accept(brief_id="b")
    heard.accept(brief_id="c")
    assert "(as the last ones)" in command("why", "c").stdout


def test_lines_are_folded_on_a_terminal(on_terminal: Callable[..., list[str]], flow: Flow) -> None:
    fill(flow, 5)
    flow.accept(brief_id="a")
    lines = on_terminal("why", "a")
    assert not [line for line in lines if len(line) > 79]
