"""A step that broke holds its brief once, and only where nobody else looks after it."""

from held_briefs import at, dead_step
from stepping import Flow
from stepping import step as step_message

from config import durations, keys
from worker.ledger.records import promotion_subject
from worker.ledger.transition import Answer, Note, Transition
from worker.lifecycle import journal_entries

ACCOUNT = "default"
SUBJECT = "brief:b"


def break_step(flow: Flow) -> None:
    """Let the next step be one that broke, and what takes such a step up run."""
    redis_id = dead_step(flow)
    assert flow.steps.run() == ("hold_step", redis_id)


def test_a_create_whose_step_broke_is_looked_for_like_any_unresolved_one(flow: Flow) -> None:
    from actors.held import hold_step
    from actors.runtime import runtime

    flow.accept(brief_id="b")
    claimed = flow.brief("b")
    intent = journal_entries.intended("create", claimed, {})
    assert flow.ledger.apply(claimed, Transition("submitting", journal=intent)) is Answer.APPLIED
    past = -runtime().paid_call_ms
    flow.client.hincrby(keys.RECORD(SUBJECT), "moved_at", past)
    hold_step(dead_step(flow))
    assert flow.brief("b").state == "uncertain"
    due = float(str(flow.client.zscore(keys.TIMERS(), SUBJECT)))
    assert due - flow.brief("b").read_at <= flow.settings.api_ms(durations.LOOK_AGAIN_SECONDS)
    assert flow.steps.run()[0] == "hold_step"


def test_a_step_that_broke_when_its_record_had_moved_on_holds_nothing(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.until("b", "generating")
    flow.broker.enqueue(step_message("submit_brief", SUBJECT))  # once more, and late
    break_step(flow)
    assert flow.brief("b").state == "generating"
    assert not flow.client.exists(keys.DEAD_LETTERS(keys.STEPS), keys.DEAD_LETTER_REASONS())


def test_a_step_that_broke_holds_its_record_once_even_when_back(flow: Flow) -> None:
    from actors.held import hold_step

    flow.accept(brief_id="b")
    redis_id = dead_step(flow)
    # As by a worker that was killed right before it dropped the dead letter.
    assert flow.ledger.apply(flow.brief("b"), Transition("held")) is Answer.APPLIED
    assert flow.ledger.apply(flow.brief("b"), Transition("waiting")) is Answer.APPLIED
    flow.client.hincrby(keys.RECORD(SUBJECT), "moved_at", 1)
    hold_step(redis_id)
    assert flow.brief("b").state == "waiting"
    assert not flow.client.exists(keys.DEAD_LETTERS(keys.STEPS), keys.DEAD_LETTER_REASONS())


def test_a_step_of_no_record_stays_dead_whatever_its_subject(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.client.delete(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS))
    assert flow.client.type(keys.EVENTS()) == "stream"
    flow.broker.enqueue(step_message("submit_brief", keys.EVENTS().partition(":")[2]))
    break_step(flow)
    assert flow.client.zcard(keys.DEAD_LETTERS(keys.STEPS)) == 1


def test_a_description_under_way_is_left_to_its_timer_when_step_broke(flow: Flow) -> None:
    asset = {"prompt": "A face.", "input_assets": [{"file": "mood.png"}]}
    flow.accept(brief_id="b", instructions=[asset])
    begun = {"doing": "extract", "turn": "1"}
    assert flow.ledger.note(flow.brief("b"), Note(when={}, fields=begun, timer_ms=60_000)) is Answer.APPLIED
    break_step(flow)
    assert flow.brief("b").state == "preparing"
    assert flow.client.zscore(keys.TIMERS(), SUBJECT)


def test_a_promote_whose_step_broke_may_have_arrived_and_counts(flow: Flow) -> None:
    subject = promotion_subject("b", 0)
    at(flow, "promotion")
    claimed = flow.promotion("b")
    intent = journal_entries.intended("promote", claimed, {})
    assert flow.ledger.apply(claimed, Transition("promoting", journal=intent)) is Answer.APPLIED
    break_step(flow)
    broke = flow.promotion("b")
    assert broke.state == "held"
    assert flow.calls("b")[-1] == "promote unknown"
    assert flow.client.zcard(keys.WINDOW(ACCOUNT, "promote")) == 1
    assert flow.client.zcount(keys.WINDOW(ACCOUNT, "promote"), "+inf", "+inf") == 0
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [subject]
    due = float(str(flow.client.zscore(keys.TIMERS(), subject)))
    assert due == int(broke.fields["moved_at"]) + flow.settings.api_ms(durations.LOOK_AGAIN_SECONDS)
