"""The alerts of examples/monitoring: each fires in the situation that it is for, and none where all is well.

The situation is made in a ledger, its figures are those that `/metrics` would tell, and Prometheus' own
promtool evaluates the rules over an hour of them.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from metrics.figures import text
from metrics.hooked import SHOP, events_wait
from metrics.promtool import ALERTS, LATER, MONITORING, firing, none_firing, promtool
from stepping import Flow, inlet_message
from support import ROOT, brief

from actors.runtime import runtime
from config import keys
from config.accounts.names import DEFAULT
from worker.hooks.operating import Endpoints
from worker.ledger.leases import followed, take
from worker.ledger.transition import Transition
from worker.metrics import families
from worker.piktid.errors import ApiError
from worker.tally.bringing import bring
from worker.tally.counted import COUNTED
from worker.tally.family import PREFIX, Family
from worker.tally.tally import Tally

SEEN = {"account": DEFAULT}


def nothing(_: Flow) -> None:
    """No process runs, nothing is on record."""


def out_of_credits(flow: Flow) -> None:
    flow.accept()
    flow.api.refuse("/identity/create", 402)
    flow.steps.run()


def nobody_follows(flow: Flow) -> None:
    flow.accept()


def timers_late(flow: Flow) -> None:
    flow.client.zadd(keys.TIMERS(), {"brief:nobody": now(flow) - 90_000})


def queue_old(flow: Flow) -> None:
    flow.broker.enqueue(inlet_message(brief()))
    identity: Any = flow.client.lindex(keys.QUEUE(keys.INLET), 0)
    said = json.loads(flow.client.hget(keys.MESSAGES(keys.INLET), identity))  # type: ignore[arg-type]
    flow.client.hset(
        keys.MESSAGES(keys.INLET), identity, json.dumps({**said, "message_timestamp": now(flow) - 150_000})
    )


def stream_never_opens(flow: Flow) -> None:
    flow.accept()
    flow.functions.run(take([DEFAULT], "listener", 1))
    flow.functions.run(followed(DEFAULT, "listener", "ended", why="401"))


def token_ends(flow: Flow) -> None:
    flow.accept()
    flow.client.hset(keys.RECORD(f"account:{DEFAULT}"), "token_ends", now(flow) + 13 * 86_400_000)


def slots_full(flow: Flow) -> None:
    flow.accept()
    flow.ledger.set_limits(DEFAULT, {"slots": "1"}, "ann")
    flow.client.hincrby(keys.RECORD(f"brief:{flow.accept()}"), "moved_at", -2_000_000)


def batch_without_budget(flow: Flow) -> None:
    flow.accept()
    flow.ledger.set_budget("spring", DEFAULT, 10, "ann")
    flow.accept(batch="spring")


def held(flow: Flow) -> None:
    brief_id = flow.until(flow.accept(), "generating").brief_id
    flow.ledger.apply(flow.brief(brief_id), Transition("held", fields={"question": "which job"}))


def an_id_that_is_taken(flow: Flow) -> None:
    flow.until(flow.accept(brief_id="a"), "generating")
    flow.accept(brief_id="a", name="Somebody else")


def pictures_not_archived(flow: Flow) -> None:
    flow.client.xgroup_create(keys.EVENTS(), "archive", id="0", mkstream=True)
    flow.accept()


def hook_paused(flow: Flow) -> None:
    events_wait(flow)
    Endpoints(flow.client, flow.settings, "me").pause(SHOP)


def hook_behind(flow: Flow) -> None:
    events_wait(flow, old_ms=1_200_000)


#: Of each alert what makes it fire, and the labels that it has then.
SITUATIONS: dict[str, tuple[Callable[[Flow], None], Mapping[str, str]]] = {
    "StandsStill": (nothing, {"reason": "worker"}),
    "AccountPaused": (out_of_credits, {**SEEN, "what": "create", "reason": "402"}),
    "NotFollowed": (nobody_follows, SEEN),
    "TimersLate": (timers_late, {}),
    "QueueOld": (queue_old, {"queue": keys.INLET}),
    "StreamBroken": (stream_never_opens, SEEN),
    "TokenEnds": (token_ends, SEEN),
    "SlotsFull": (slots_full, {**SEEN, "endpoint": "create", "lacks": "slots"}),
    "BudgetSpent": (batch_without_budget, SEEN),
    "Held": (held, {**SEEN, "question": "which job"}),
    "DeadLetters": (an_id_that_is_taken, {"queue": keys.INLET}),
    "ArchiveBehind": (pictures_not_archived, {"group": "archive"}),
    "HookPaused": (hook_paused, {"endpoint": "shop"}),
    "HookBehind": (hook_behind, {"endpoint": "shop"}),
}


def test_promtool_takes_the_rules_and_the_configuration() -> None:
    for checks, file in (("rules", "alerts.yml"), ("config", "prometheus.yml")):
        ended = promtool("check", checks, str(MONITORING / file))
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_each_alert_is_shown_firing() -> None:
    shown = [*SITUATIONS, "NotSeen", "CreditsEnd", "Throttled", "ApiErrors"]
    assert {f"IdentityWorker{each}" for each in shown} == set(ALERTS)


@pytest.mark.parametrize("alert", SITUATIONS)
def test_an_alert_fires_in_its_situation(flow: Flow, alert: str, tmp_path: Path) -> None:
    make, labels = SITUATIONS[alert]
    make(flow)
    assert firing(alert, labels, [text(flow.client, flow.settings)], tmp_path) == ""
    flow.client.delete(keys.TIMERS())


def test_without_figures_an_alert_fires(tmp_path: Path) -> None:
    assert firing("NotSeen", {}, [], tmp_path) == ""


def test_credits_that_end_soon_are_told_of(heard: Flow, tmp_path: Path) -> None:
    brief_id = heard.accept()
    before = text(heard.client, heard.settings)
    heard.finish(brief_id)
    heard.ledger.count_identities(DEFAULT, [], heard.ledger.now(), 10.0)
    after = text(heard.client, heard.settings)
    assert firing("CreditsEnd", SEEN, [before, after], tmp_path, LATER) == ""


def test_an_api_that_throttles_more_than_our_limits_is_told_of(
    flow: Flow,
    counting: Tally,
    tmp_path: Path,
) -> None:
    flow.api.refuse("/identity/create", 429, {"error": "Rate limit exceeded"}, count=5)
    flow.accept()
    flow.steps.run()
    bring(flow.client, counting.take())
    before = text(flow.client, flow.settings)
    for _ in range(4):
        flow.end_pauses()
        flow.steps.run()
    bring(flow.client, counting.take())
    labels = {**SEEN, "endpoint": "create"}
    assert firing("Throttled", labels, [before, text(flow.client, flow.settings)], tmp_path) == ""


def test_an_api_that_fails_is_told_of(flow: Flow, counting: Tally, tmp_path: Path) -> None:
    flow.accept()
    for figures in range(2):
        flow.api.refuse("/auth/me", 500, count=3)
        for _ in range(3):
            with pytest.raises(ApiError):
                runtime().apis[DEFAULT].me()
        bring(flow.client, counting.take())
        if figures == 0:
            before = text(flow.client, flow.settings)
    after = text(flow.client, flow.settings)
    assert firing("ApiErrors", {"endpoint": "GET /auth/me"}, [before, after], tmp_path) == ""


def test_where_all_is_well_nothing_fires(heard: Flow, tmp_path: Path) -> None:
    heard.finish(heard.accept())
    heard.client.zadd(keys.WORKERS(), {"here": now(heard)})
    assert none_firing([text(heard.client, heard.settings)], tmp_path) == ""
    heard.client.delete(keys.WORKERS())
    assert none_firing([text(heard.client, heard.settings)], tmp_path) != ""


def test_each_alert_has_its_heading_in_the_runbook() -> None:
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert headings == list(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_rules_and_dashboard_ask_for_figures_that_there_are(tmp_path: Path) -> None:
    told = {each.short: each for each in (*vars(families).values(), *COUNTED) if isinstance(each, Family)}
    known = {each.name for each in told.values()}
    known |= {f"{each.name}_{part}" for each in COUNTED for part in ("bucket", "count", "sum")}
    dashboard = (MONITORING / "dashboard.json").read_text()
    asked = set(re.findall(rf"{PREFIX}\w+", dashboard + (MONITORING / "alerts.yml").read_text()))
    assert asked <= known, asked - known
    targets = [target for panel in json.loads(dashboard)["panels"] for target in panel.get("targets", [])]
    queries = [{"record": f"panel:{n}", "expr": each["expr"]} for n, each in enumerate(targets)]
    rules = tmp_path / "dashboard.yml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": queries}]}))
    ended = promtool("check", "rules", str(rules))
    assert ended.returncode == 0, ended.stdout + ended.stderr


def now(flow: Flow) -> int:
    return flow.ledger.now()
