"""What the views tell of briefs, promotions and accounts, and that reading stays cheap."""

import time

import redis
from stepping import Flow

from config import durations, keys
from worker.ledger import leases
from worker.ledger.transition import Pause, Transition
from worker.views import account_reading, snapshots


def test_a_brief_that_nobody_knows_is_none(client: "redis.Redis") -> None:
    assert snapshots.brief(client, "nobody") is None
    assert snapshots.briefs(client) == []
    assert snapshots.briefs(client, batch="nobody") == []


def test_a_waiting_brief_shows_what_was_decided_for_it(flow: Flow) -> None:
    flow.accept(brief_id="a", instructions=[{"prompt": "someone"}], batch="autumn")
    brief = snapshots.brief(flow.client, "a")
    assert brief is not None
    assert (brief.state, brief.finished, brief.account, brief.batch) == (
        "waiting",
        False,
        "default",
        "autumn",
    )
    assert (brief.name, brief.variations, brief.choose) == ("Spring catalog model", 1, ("first",))
    assert brief.notes == ("instructions[0].num_variations was not given: 1 draft, the cheapest",)
    assert brief.body is not None
    assert brief.body["instructions"][0]["prompt"] == "someone"
    assert (brief.job_id, brief.drafts, brief.promotions, brief.credits) == (None, (), (), 0)
    assert brief.accepted_at == brief.moved_at <= brief.read_at


def test_programs_are_told_of_a_brief_under_the_keys_that_they_know(flow: Flow) -> None:
    flow.accept(brief_id="a")
    brief = snapshots.brief(flow.client, "a")
    assert brief is not None
    facts = brief.facts()
    assert facts.keys() >= {"brief_id", "left", "wish", "wish_why"}
    assert not facts.keys() & {"previous_state", "stop_requested", "stop_reason"}


def test_a_bad_brief_shows_all_its_faults(flow: Flow) -> None:
    flow.accept(brief_id="bad", priority=1000, batch="")
    brief = snapshots.brief(flow.client, "bad")
    assert brief is not None
    assert (brief.state, brief.finished, brief.body) == ("failed", True, None)
    assert sorted(fault["path"] for fault in brief.faults) == ["batch", "priority"]


def test_a_finished_brief_shows_its_drafts_identities_and_credits(heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="a", choose="all"))
    brief = snapshots.brief(heard.client, "a")
    assert brief is not None
    codes = [promotion.identity_code for promotion in brief.promotions]
    assert (brief.state, brief.finished, list(brief.identity_codes)) == ("done", True, codes)
    drafts = [draft["image_result_id"] for draft in brief.drafts]
    assert [promotion.image_result_id for promotion in brief.promotions] == drafts
    assert all(promotion.state == "ready" and promotion.finished for promotion in brief.promotions)
    assert all(promotion.preprocessing_job_id and promotion.url for promotion in brief.promotions)
    assert brief.credits == heard.api.ledger()["credits"]["charged_total"]


def test_what_went_well_in_the_end_shows_no_earlier_error(heard: Flow) -> None:
    heard.accept(brief_id="a")
    heard.until("a", "promoting")
    promotion = snapshots.brief(heard.client, "a").promotions[0].subject  # type: ignore[union-attr]
    for subject in ("brief:a", promotion):
        heard.client.hset(keys.RECORD(subject), "error", "503: try later")
    before = snapshots.brief(heard.client, "a")
    assert before is not None
    assert (before.error, before.promotions[0].error) == ("503: try later", "503: try later")
    heard.finish("a")
    after = snapshots.brief(heard.client, "a")
    assert after is not None
    assert (after.state, after.error, after.promotions[0].error) == ("done", None, None)


def test_an_identity_that_is_not_ready_is_not_the_briefs_yet(heard: Flow) -> None:
    heard.accept(brief_id="a")
    heard.until("a", "promoting")
    heard.steps.until(lambda: heard.promotion("a").state == "preprocessing")
    brief = snapshots.brief(heard.client, "a")
    assert brief is not None
    assert brief.promotions[0].identity_code is not None
    assert brief.identity_codes == ()
    assert brief.credits > 50


def test_the_open_briefs_come_oldest_first_and_then_the_newest_finished(heard: Flow) -> None:
    for brief_id in ("done-1", "done-2"):
        heard.finish(heard.accept(brief_id=brief_id))
    for brief_id in ("open-1", "open-2"):
        heard.accept(brief_id=brief_id)
    assert [brief.brief_id for brief in snapshots.briefs(heard.client)] == [
        "open-1",
        "open-2",
        "done-2",
        "done-1",
    ]
    limited = snapshots.briefs(heard.client, open_limit=1, finished_limit=1)
    assert [brief.brief_id for brief in limited] == ["open-1", "done-2"]
    assert snapshots.briefs(heard.client, open_limit=0, finished_limit=0) == []


def test_a_batch_is_listed_by_itself_and_in_the_same_order(heard: Flow) -> None:
    for brief_id in ("done-1", "done-2"):
        heard.finish(heard.accept(brief_id=brief_id, batch="autumn"))
    heard.accept(brief_id="open-1", batch="autumn")
    heard.accept(brief_id="other", batch="spring")
    autumn = [brief.brief_id for brief in snapshots.briefs(heard.client, batch="autumn")]
    assert autumn == ["open-1", "done-2", "done-1"]


def test_a_brief_whose_record_has_expired_is_left_out(heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="a"))
    heard.client.delete(keys.RECORD("promotion:a#0"))
    brief = snapshots.brief(heard.client, "a")
    assert brief is not None
    assert brief.promotions == ()
    heard.client.delete(keys.RECORD("brief:a"))
    assert snapshots.briefs(heard.client) == []


def test_the_journal_tells_of_the_paid_calls_in_order(heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="a"))
    told = [f"{entry['call']} {entry['what']}" for entry in snapshots.journal(heard.client, "a")]
    creates = ["create intended", "create accepted", "create charged"]
    assert told == [*creates, "promote intended", "promote accepted"]


def test_an_unrecorded_account_has_the_usual_limits(client: "redis.Redis") -> None:
    account = account_reading.summary(client, "new")
    assert (account.jobs_in_use, account.jobs_cap) == (0, 5)
    assert (account.slots_used, account.slots_reserved, account.slots_cap) == (0, 0, 50)
    assert (account.waiting_create, account.waiting_promote) == (0, 0)
    assert (account.pauses, account.followed) == ({}, False)


def test_an_account_shows_what_is_in_use_reserved_and_waiting(heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="done"))
    heard.ledger.set_limits("default", {"jobs": "1", "slots": "9"}, by="test")
    heard.accept(brief_id="runs", choose="all")
    heard.accept(brief_id="waits")
    account = account_reading.summary(heard.client, "default")
    assert (account.jobs_in_use, account.jobs_cap) == (1, 1)
    assert (account.slots_used, account.slots_reserved, account.slots_cap) == (1, 2, 9)
    assert (account.waiting_create, account.waiting_promote) == (1, 0)


def test_only_pauses_that_are_still_on_are_shown(flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.accept(brief_id="b")
    before = time.time() * 1000
    flow.ledger.apply(flow.brief("a"), Transition("failed", pause=Pause("create", 60_000, "no credits")))
    flow.ledger.apply(flow.brief("b"), Transition("failed", pause=Pause("promote", -1, "long over")))
    pauses = account_reading.summary(flow.client, "default").pauses
    assert list(pauses) == ["create"]
    assert pauses["create"].reason == "no credits"
    # The server's clock and this process's are those of one machine.
    assert before + 50_000 < pauses["create"].until < before + 70_000


def is_followed(flow: Flow) -> bool:
    by_report = account_reading.report(flow.client, "default").listener is not None
    assert account_reading.summary(flow.client, "default").followed == by_report
    return by_report


def test_an_account_is_followed_while_its_listener_signs_in(flow: Flow) -> None:
    flow.functions.run(leases.take(["default"], "me", 1), flow.ledger.now() + 60_000)
    assert is_followed(flow)
    dead = flow.ledger.now() - durations.LEASE_MS - 1
    flow.functions.run(leases.keep(["default"], "me"), dead)
    assert not is_followed(flow)
    flow.functions.run(leases.keep(["default"], "me"), dead + 60_000)
    assert is_followed(flow)
    flow.functions.run(leases.release(["default"], "me"))
    assert not is_followed(flow)


def test_the_listener_of_an_older_version_is_known_by_its_lease_alone(flow: Flow) -> None:
    flow.client.set(keys.LEASE("default"), "one that does not sign in", px=60_000)
    assert is_followed(flow)


def round_trips(client: "redis.Redis") -> int:
    """How often the server was asked something so far; this question included."""
    return int(client.info("stats")["total_reads_processed"])


def test_any_number_of_briefs_is_read_in_three_round_trips(flow: Flow) -> None:
    for n in range(5):
        flow.accept(brief_id=f"brief-{n}")
        # Their promotions are asked for, whether there or not.
        flow.client.hset(keys.RECORD(f"brief:brief-{n}"), "promotions", "2")
    before = round_trips(flow.client)
    assert len(snapshots.briefs(flow.client)) == 5
    assert round_trips(flow.client) - before == 3 + 1
