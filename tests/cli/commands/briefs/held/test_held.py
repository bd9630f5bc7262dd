"""What no worker could run is held with its error, listed with its command, and brought back by it."""

import json
import re
import shlex

import pytest
import redis
from commandline import Command
from held_briefs import at, listed, state
from own_account import CREATE
from processes import ProcessFactory
from stepping import Flow
from support import event_types, eventually

from config import keys
from config.times import format_time
from worker.ledger.records import promotion_subject
from worker.ledger.transition import Answer, Transition

ACCOUNT = "default"
SUBJECT = "brief:b"


@pytest.mark.parametrize(
    ("where", "subject", "was", "back"),
    [
        ("create", SUBJECT, "waiting", "waiting"),
        ("drafts", SUBJECT, "generating", "generating"),
        ("promotion", promotion_subject("b", 0), "planned", "planned"),
    ],
)
def test_a_step_that_raises_holds_its_brief_and_retry_brings_it_back(
    command: Command, flow: Flow, broken_worker: ProcessFactory, where: str, subject: str, was: str, back: str
) -> None:
    at(flow, where)
    worker = broken_worker(BROKEN=subject)
    assert eventually(flow.client, lambda: state(flow.ledger) == "held")
    assert eventually(flow.client, lambda: not flow.client.hlen(keys.MESSAGES(keys.STEPS)))
    worker.kill()
    (held,) = listed(command)["held"]
    assert held["question"].endswith("it raised ValueError: a bug of ours; retry it once the cause is mended")
    was_brief = was if subject == SUBJECT else "promoting"
    assert (held["was"], held["answer"]) == (was_brief, "identity-worker retry b")
    assert flow.record(subject).fields["left"] == was
    assert "identity.brief.held" in event_types(flow.client, "b")
    shown = command("status", "--held").stdout
    assert "\n    identity-worker retry b\n" in shown
    assert "\n    identity-worker retry b\n" in command("why", "b").stdout
    assert max(map(len, shown.splitlines())) < 200
    assert command("retry", "b").returncode == 0
    assert state(flow.ledger, subject) == back
    assert not flow.client.exists(
        keys.HELD_BRIEFS(), keys.DEATHS(), keys.DEAD_LETTERS(keys.STEPS), keys.DEAD_LETTER_REASONS()
    )
    assert flow.client.zcard(keys.PERMITS(ACCOUNT)) <= 1
    if where == "drafts":
        flow.wake_timer(SUBJECT)
    flow.steps.run()
    assert state(flow.ledger, subject) in ("generating", "promoting", "preprocessing")
    assert len([job for job in flow.api.ledger()["jobs"] if job["job_type"] == "identity_creation"]) == 1


def test_a_watch_that_no_worker_can_run_is_not_repeated_early(
    flow: Flow, broken_worker: ProcessFactory
) -> None:
    from actors.runtime import runtime

    flow.accept(brief_id="b")
    flow.steps.run()
    worker = broken_worker(BROKEN=SUBJECT)
    flow.wake_timer(SUBJECT)
    assert eventually(flow.client, lambda: state(flow.ledger) == "held")
    watched = flow.brief("b")
    over_at = int(watched.fields["moved_at"]) + runtime().unresolved_ms

    def raised(times: int) -> bool:
        dead = [
            line for line in worker.written().splitlines() if "step.dead" in line and "watch_held" in line
        ]
        return len(dead) == times and not flow.client.hlen(keys.MESSAGES(keys.STEPS))

    flow.wake_timer(SUBJECT)
    assert eventually(flow.client, lambda: raised(1))
    assert float(str(flow.client.zscore(keys.TIMERS(), SUBJECT))) > over_at - 500
    flow.client.hdel(keys.RECORD(SUBJECT), "hinted")  # which a broken step leaves
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [SUBJECT]
    flow.grow_older(SUBJECT, runtime().unresolved_ms / 1000)
    assert eventually(flow.client, lambda: raised(2))
    assert not flow.client.exists(
        keys.PERMITS(ACCOUNT), keys.DEAD_LETTERS(keys.STEPS), keys.DEAD_LETTER_REASONS()
    )
    assert flow.client.zscore(keys.TIMERS(), SUBJECT) is None
    assert flow.brief("b").fields["question"] == watched.fields["question"]


def test_the_jobs_that_may_be_a_held_briefs_are_listed_to_adopt(
    command: Command, flow: Flow, environment: dict[str, str]
) -> None:
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    (made,) = flow.api.ledger()["jobs"]
    job = {"job_id": made["job_id"], "job_type": "identity_creation", "drafts": [2, 1]}
    unread = {"job_id": "job_unread", "job_type": None, "drafts": [], "created_at": None}
    candidates = [job | {"created_at": 1_000, "seen_at": 2_000}, unread | {"seen_at": 3_000}]
    fields = {"question": "did it arrive?", "candidate_jobs": json.dumps(candidates)}
    assert flow.ledger.apply(flow.brief("b"), Transition("held", fields=fields)) is Answer.APPLIED
    (held,) = listed(command)["held"]
    assert held["candidate_jobs"] == candidates
    answers = [f"--adopt {made['job_id']}", "--adopt job_unread", "--resend", "--give-up"]
    typed = [f"identity-worker resolve b {each}\n" for each in answers]
    for shown in (command("status", "--held"), command("status", "b"), command("why", "b")):
        assert f"job {made['job_id']}: made {format_time(1_000)}, 2 + 1 drafts\n" in shown.stdout
        assert f"job job_unread: seen {format_time(3_000)}, drafts not known\n" in shown.stdout
        assert "".join(typed) in re.sub("\n +", "\n", shown.stdout)
    pasted = shlex.split(held["answer"].splitlines()[0])
    assert command(*pasted[1:], **environment).returncode == 0
    assert flow.brief("b").state == "generating"
    assert "may be its own" not in command("status", "b").stdout


def test_nothing_held_is_said_so(command: Command, client: "redis.Redis") -> None:
    answer = command("status", "--held")
    assert (answer.returncode, answer.stdout) == (0, "0 held, 0 dead letters\n")
    assert command("status", "b", "--held").returncode == 2
