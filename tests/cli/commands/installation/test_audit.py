"""`identity-worker audit`: one charge for each brief and draft; what it reads, and what is no fault."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
from commandline import Command
from own_account import CREATE, PROMOTE
from stepping import Flow

from cli.demo.ports import free_port
from config import keys
from tests.chaos.invariants.key_page import keys_without_lifetime
from worker.ledger.transition import Answer, Transition
from worker.operations import audit


def test_a_run_without_faults_passes_and_is_summed_up_by_batch(
    heard: Flow, audited: Callable[..., dict[str, Any]], command: Command
) -> None:
    heard.finish(heard.accept(brief_id="b", batch="spring", choose="all"))
    heard.accept(brief_id="waits")
    told = audited("--api")
    assert told["findings"] == []
    assert told["briefs"] == 2
    assert told["batches"]["spring"] == {"drafts": 10, "promotions": 100, "descriptions": 0, "unknown": 0}
    assert audited("--batch", "spring")["briefs"] == 1
    shown = command("audit").stdout
    assert "batch spring: 10 credits for drafts, 100 for promotions\n" in shown
    assert shown.endswith("2 briefs, 0 not as they should be\n")


def test_an_audit_changes_nothing(heard: Flow, audited: Callable[..., dict[str, Any]]) -> None:
    heard.finish(heard.accept(brief_id="b"))
    heard.client.delete(keys.LEASE("default"))
    before = {str(key): heard.client.dump(str(key)) for key in heard.client.scan_iter("identity:[bjp]*")}
    audited("--api")
    assert before == {
        str(key): heard.client.dump(str(key)) for key in heard.client.scan_iter("identity:[bjp]*")
    }
    assert keys_without_lifetime(heard.client) == []


def test_a_paid_call_in_flight_or_in_question_is_no_fault(
    flow: Flow, audited: Callable[..., dict[str, Any]]
) -> None:
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "uncertain"
    told = audited()
    assert (told["findings"], told["batches"][""]["unknown"]) == ([], 1)


def test_what_an_operator_gave_up_is_no_fault(
    flow: Flow, audited: Callable[..., dict[str, Any]], command: Command
) -> None:
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.ledger.apply(flow.brief("b"), Transition("held", fields={"question": "?"}))
    assert command("resolve", "b", "--give-up").returncode == 0
    told = audited()
    assert (told["findings"], told["batches"][""]["unknown"]) == ([], 1)


def test_a_draft_promoted_again_after_its_preprocessing_failed_is_no_fault(
    heard: Flow, audited: Callable[..., dict[str, Any]]
) -> None:
    heard.api.set(preprocessing_failure_rate=1, promote_per_minute=100)
    heard.finish(heard.accept(brief_id="b"))
    assert heard.calls("b").count("promote preprocessing failed") == 4
    assert heard.calls("b").count("promote accepted") == 4
    assert audited("--api")["findings"] == []


def test_a_promote_that_was_lost_and_repeated_is_one_charge(
    heard: Flow, audited: Callable[..., dict[str, Any]]
) -> None:
    heard.api.fault("drop_response", path=PROMOTE, count=1)
    heard.accept(brief_id="b")
    heard.until("b", "promoting")
    heard.steps.until(
        lambda: heard.promotion("b").attempt == 1 and "promote OutcomeUnknown" in heard.calls("b")
    )
    heard.end_pauses()
    heard.finish("b")
    assert heard.calls("b").count("promote intended") == 2
    told = audited("--api")
    assert (told["findings"], told["batches"][""]["promotions"]) == ([], 50)


def test_all_briefs_are_read_page_by_page_also_those_of_one_moment(client: "redis.Redis") -> None:
    client.zadd(keys.BATCH("big"), {f"b{number:04}": number // 450 for number in range(1_000)})
    assert list(audit.ids(client, "big")) == [f"b{number:04}" for number in range(1_000)]
    client.delete(keys.BATCH("big"))


def test_a_batch_or_account_that_does_not_exist_passes_no_audit(
    flow: Flow, audited: Callable[..., dict[str, Any]], command: Command, tmp_path: Path
) -> None:
    flow.accept(brief_id="b")
    answer = command("audit", "--batch", "sprnig")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "no brief on record matches batch:sprnig" in answer.stderr
    accounts = tmp_path / "accounts.toml"
    accounts.write_text('[accounts.other]\ntoken_env = "OTHER"\n')
    answer = command("audit", "--api", ACCOUNTS_FILE=str(accounts), OTHER="sandbox-other")
    assert answer.returncode == 1
    assert (
        "account default: the API could not be asked: it is not among the accounts here; "
        "not checked there: b\n"
    ) in answer.stdout


def test_an_unreachable_api_is_told_once_and_is_no_wrong_charge(flow: Flow, command: Command) -> None:
    for brief_id in ("a", "b"):
        flow.accept(brief_id=brief_id)
        flow.until(brief_id, "generating")
    nowhere = {"PIKTID_API_URL": f"http://127.0.0.1:{free_port()}", "PIKTID_API_TOKEN": "sandbox-x"}
    answer = command("audit", "--api", **nowhere)
    assert answer.returncode == 1
    assert answer.stdout.count("could not be asked") == 1
    assert "2 briefs, 0 not as they should be\n" in answer.stdout
    told = json.loads(command("audit", "--api", "--json", **nowhere).stdout)
    assert told["findings"] == []
    assert [(each["account"], sorted(each["brief_ids"])) for each in told["unasked"]] == [
        ("default", ["a", "b"])
    ]


def test_a_brief_is_read_with_the_journal_of_the_same_moment(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    found = audit.read(flow.client, "b")
    assert found is not None
    assert found.brief is not None
    assert found.brief.job_id in found.journal.made("create", "job_id")
    assert flow.ledger.apply(flow.brief("b"), Transition("failed", fields={"error": "x"})) is Answer.APPLIED
