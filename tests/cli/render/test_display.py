"""The live display: what a person sees on a terminal of 80 columns, and what a file gets instead."""

import io
import json
import signal
import subprocess
from typing import Any, cast

import redis
from commandline import SCRIPT, Command, environment
from rich.console import Console
from support import DEADLINE

from cli.render.briefs import draw
from cli.render.lines import Lines
from cli.shared.overview import Snapshot
from config.settings import Settings
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.store.connection import connect
from worker.views.account import AccountSummary, PauseView
from worker.views.models import BriefView, PromotionView

ACCOUNT = AccountSummary(
    name="default",
    jobs_in_use=5,
    jobs_cap=5,
    slots_used=10,
    slots_reserved=4,
    slots_cap=50,
    slots_seen=None,
    waiting_create=7,
    waiting_promote=2,
    pauses={},
    followed=True,
)


def promotion(state: str, code: str | None = None) -> PromotionView:
    return PromotionView("promotion:b#0", 0, state, code, None, 10_001, None, None, None, None, 1_000)


def view(brief_id: str, state: str, **fields: Any) -> BriefView:
    values: dict[str, Any] = {
        "account": "default",
        "batch": None,
        "name": None,
        "kind": "identity",
        "job_id": None,
        "variations": 1,
        "drafts": (),
        "credits": 0.0,
        "promotions": (),
        "accepted_at": 1_000,
        "moved_at": 66_000,
        "read_at": 3_661_000,
        "error": None,
        "faults": (),
        "notes": (),
        "credits_of_drafts": None,
        "previous_state": None,
        "evidence": None,
        "parked": False,
        "question": None,
        "candidate_jobs": (),
        "stop_requested": None,
        "stop_reason": None,
        "body": None,
        "priority": 0,
        "metadata": {},
        "bought_before": None,
        "earlier": (),
        "choose": ("first",),
    }
    return BriefView(brief_id=brief_id, state=state, **(values | fields))


def drawn(*briefs: BriefView, height: int | None = None, expected: int = 0, **account: Any) -> list[str]:
    """Return the lines of a drawing 80 columns wide."""
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    accounts = [AccountSummary(**{name: getattr(ACCOUNT, name) for name in ACCOUNT.__slots__} | account)]
    console.print(draw(Snapshot(briefs, accounts), "demo", expected=expected, height=height))
    return cast(io.StringIO, console.file).getvalue().splitlines()


def test_permits_and_slots_in_use_are_shown_against_their_caps() -> None:
    assert "permits in use 5/5 · slots 14/50" in drawn()[2]


def test_a_cap_of_none_is_not_shown_as_0() -> None:
    assert "permits in use 5 · slots 14/50" in drawn(jobs_cap=0)[2]


def test_a_pause_has_a_line_of_its_own_with_its_reason() -> None:
    assert drawn(pauses={"create": PauseView(9, "503")})[4].strip() == "create paused: 503"


def test_promotions_in_the_same_state_are_counted() -> None:
    brief = view("a", "promoting", promotions=(promotion("planned"), promotion("planned")))
    assert "2 planned" in drawn(brief)[3]


def test_briefs_not_on_record_yet_are_counted_by_the_bar() -> None:
    ready = view("a", "done", promotions=(promotion("ready", "code12345678"),))
    assert "1/12 briefs · 1 identity" in drawn(ready, expected=12)[1]


def test_a_line_shows_id_state_identity_and_time_to_the_end() -> None:
    line = drawn(view("a", "done", promotions=(promotion("ready", "code12345678"),)))[3]
    assert line.split() == ["✓", "a", "done", "code12345678", "1:05"]


def test_the_time_of_an_open_brief_runs_on() -> None:
    assert drawn(view("a", "generating", name="Duo"))[3].split() == ["▸", "a", "generating", "Duo", "1:01:00"]


def test_a_failed_brief_shows_its_faults() -> None:
    assert (
        "name: must be text"
        in drawn(view("a", "failed", faults=({"path": "name", "rule": "must be text"},)))[3]
    )


def test_a_brief_that_waits_for_a_pick_says_so() -> None:
    assert "waits for a person" in drawn(view("a", "choosing", choose=("manual",)))[3]


def test_many_briefs_fit_the_terminal_the_open_ones_first() -> None:
    briefs = [view(f"open-{n}", "waiting") for n in range(3)] + [view(f"done-{n}", "done") for n in range(40)]
    lines = drawn(*briefs, height=24)
    assert len(lines) == 23
    assert [line.split()[1] for line in lines[3:6]] == ["open-0", "open-1", "open-2"]
    assert lines[-1].strip() == "and 24 more"


def test_one_line_says_how_fast_it_goes_and_what_holds_it_up() -> None:
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    account = AccountSummary(
        **{name: getattr(ACCOUNT, name) for name in ACCOUNT.__slots__}
        | {"pauses": {"create": PauseView(9, "503")}, "slots_reserved": 40}
    )
    snapshot = Snapshot([], [account], unread_open=90, unread_finished=10, queued=20, parked=5)
    console.print(draw(snapshot, "demo", pace="12.0/min · about 9m left"))
    lines = cast(io.StringIO, console.file).getvalue().splitlines()
    assert "10/120 briefs" in lines[1]
    assert lines[2].startswith(
        "  12.0/min · about 9m left · 20 queued · 5 held back with their batches · defa"
    )
    assert max(map(len, lines)) <= 80


def test_no_line_is_wider_than_the_terminal() -> None:
    long = view("x" * 128, "failed", error="y" * 300)
    lines = drawn(long, pauses={"pause": PauseView(9, "z" * 300)})
    assert len(lines) == 6
    assert max(map(len, lines)) <= 80


def test_control_codes_in_a_brief_never_reach_the_terminal() -> None:
    assert "\x1b" not in "".join(drawn(view("a", "waiting", name="\x1b[2Jgone")))


def test_an_id_is_whole_where_it_fits_in_place_of_the_detail() -> None:
    brief_id = "0f8fad5b-d9cb-469f-a165-70867728950e-and-some-more"
    line = drawn(view(brief_id, "generating", name="A long name of the brief"))[3]
    assert line.split()[1:3] == [brief_id, "generating"]


def test_without_a_terminal_a_failed_brief_s_line_tells_what_is_wrong() -> None:
    printed: list[str] = []
    faults = ({"path": "name", "rule": "must be text"}, {"path": "", "rule": "is too long"})
    brief = view("b", "failed", error="the brief breaks rules", faults=faults)
    Lines(printed.append).show(Snapshot([brief], []))
    assert printed[0].endswith("b  failed  name: must be text; brief: is too long")


def test_without_a_terminal_each_state_is_a_line_and_promotions_end_first() -> None:
    printed: list[str] = []
    lines = Lines(printed.append)
    for promoting in (promotion("planned"), promotion("planned"), promotion("ready", "code12345678")):
        state = "done" if promoting.finished else "promoting"
        lines.show(Snapshot([view("b", state, promotions=(promoting,))], []))
    assert [line.split()[1:] for line in printed] == [
        ["b", "promoting"],
        ["b#0", "planned"],
        ["b#0", "ready", "code12345678"],
        ["b", "done"],
    ]


def put_bad_brief(client: "redis.Redis", brief_id: str) -> None:
    """Put a brief on record that is finished at once."""
    acceptance.accept(
        Ledger(client, Settings()),
        {},
        Settings(),
        acceptance.Message(json.dumps({"brief_id": brief_id}), "m"),
    )


def test_watch_once_prints_one_snapshot(command: Command, redis_url: str) -> None:
    with connect(redis_url) as client:
        put_bad_brief(client, "bad-one")
    answer = command("watch", "--once")
    assert answer.returncode == 0, answer.stderr
    assert "1/1 briefs" in answer.stdout
    assert "bad-one" in answer.stdout
    assert not [line for line in answer.stdout.splitlines() if line != line.rstrip()]
    assert json.loads(command("watch", "--once", "--json").stdout)["briefs"][0]["state"] == "failed"


def test_watch_prints_what_happens_until_ctrl_c_and_ends_with_0(redis_url: str) -> None:
    with (
        subprocess.Popen(
            [SCRIPT, "watch"], env=environment(REDIS_URL=redis_url), stdout=subprocess.PIPE, text=True
        ) as process,
        connect(redis_url) as client,
    ):
        put_bad_brief(client, "bad-one")
        assert "on record, " in process.stdout.readline()
        assert "bad-one  failed" in process.stdout.readline()
        put_bad_brief(client, "bad-two")
        assert "bad-two  failed" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 0
