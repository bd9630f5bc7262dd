"""An installation that stands still with something in every state, and what an operator does then.

All of it by the commands and processes of one release, so that another can be shown to go on with it.
"""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from config import keys
from tests.chaos.harness.breaking import send
from tests.chaos.harness.fleet import Fleet
from tests.chaos.harness.release import Release
from tests.chaos.harness.world import World
from tests.chaos.invariants import event_stream
from worker.views import account_reading, snapshots
from worker.views.models import BriefView

#: What becomes of an account's briefs: they end; their drafts or their identities take long; it has no
#: credits; its answers do not come; they get lost.
ENDS, DRAWS, PREPARES, POOR, CUT, LOST = ACCOUNTS = tuple(f"account-{number}" for number in range(6))
#: Seconds (of the API) that what takes long takes, and a job of which nobody was told that it is made.
LONG, UNTOLD = 2_400, 600
#: Seconds for which an answer does not come: longer than it takes to kill everybody.
UNANSWERED = 60
PATIENCE = 90.0
#: Credits that a batch may cost: one brief of it, and not two.
BUDGET = 60
BRIEFS = {
    *("preparing", "waiting", "submitting", "uncertain", "generating", "choosing", "promoting", "held"),
    *("done", "failed", "cancelled"),
}
PROMOTIONS = {"planned", "promoting", "preprocessing", "ready"}
#: What there must be of other things, and how many.
OTHERS = {"parked": 1, "paused": 1, "dead letters": 2, "budgets": 1}


class Standstill:
    """One installation at work whose briefs come to stand in every state; `of` tells two of them apart."""

    def __init__(self, made: World, release: Release, of: str) -> None:
        self._made, self._release, self._of = made, release, of
        self._client = made.store.client

    def fill(self, fleet: Fleet) -> dict[str, int]:
        """Bring it about, kill all processes, and return how many of what there are."""
        self._set(DRAWS, drafts_median_seconds=LONG)
        self._set(PREPARES, preprocessing_median_seconds=LONG)
        self._set(LOST, drafts_median_seconds=UNTOLD)
        self._set(POOR, credits=0)
        self._what_ends()
        self._what_takes_long()
        self._what_is_refused()
        self._what_is_cut()
        fleet.power_off()
        return self.standing()

    def go_on(self, release: Release) -> None:
        """Do by another release what an operator has to, before all can end."""
        operator = partial(release.run, self._made.environment)
        for account in (DRAWS, LOST):
            self._set(account, drafts_median_seconds=40)
        self._set(PREPARES, preprocessing_median_seconds=60)
        self._set(POOR, credits=1_000_000)
        operator("resume", POOR)
        (brief,) = snapshots.by_ids(self._client, [self._id("choosing")])
        operator("pick", brief.brief_id, *(str(draft["image_result_id"]) for draft in brief.drafts))
        operator("resolve", self._id("held"), "--resend")
        self._made.resent.add(self._id("held"))
        operator("retry", self._id("refused"))
        operator("limits", ENDS, "--budget", f"{self._id('tight')}={100 * BUDGET}")
        (dead_letter,) = self._dead_letters() - set(event_stream.conflicts(self._client))
        operator("cancel", dead_letter)

    def standing(self) -> dict[str, int]:
        """Return how many of what there are: states of briefs, of promotions, and what else is kept."""
        briefs = self._briefs()
        promotions = Counter(each.state for brief in briefs for each in brief.promotions)
        tight = self._id("tight")
        return {
            **Counter(brief.state for brief in briefs),
            **{f"promotion {state}": count for state, count in promotions.items()},
            "parked": self._client.zcard(keys.PARKED(tight)),
            "paused": len(account_reading.report(self._client, POOR).pauses),
            "dead letters": len(self._dead_letters()),
            "budgets": self._client.exists(keys.BUDGET(tight)),
        }

    def missing(self, standing: dict[str, int]) -> list[str]:
        """Return what ought to stand there and does not."""
        wanted = BRIEFS | {f"promotion {state}" for state in PROMOTIONS} | set(OTHERS)
        return sorted(each for each in wanted if standing.get(each, 0) < OTHERS.get(each, 1))

    def _what_ends(self) -> None:
        environment, tight = self._made.environment, self._id("tight")
        self._release.run(environment, "limits", ENDS, "--budget", f"{tight}={BUDGET}")
        self._fault("/preset/extract-from-image", ENDS, kind="drop_response")
        self._fault("/identity/create", ENDS, kind="status", status=400, body={"error": "Not this one."})
        self._send(self._brief("held", ENDS, reference_image="ada.jpg"), self._brief("refused", ENDS))
        self._until("held")
        self._until("refused", "failed")
        self._send(
            self._brief("done", ENDS),
            self._brief("choosing", ENDS, choose="manual"),
            *(self._brief(f"tight-{number}", ENDS, batch=tight) for number in range(2)),
        )
        self._until("done")
        self._until("choosing")
        self._wait(lambda: self._client.zcard(keys.PARKED(tight)), "a brief over its budget")

    def _what_takes_long(self) -> None:
        """As many as there are job permits, and more."""
        self._send(
            self._brief("promoting", PREPARES, choose="all", instructions=[_face(4), _face(4)]),
            *(self._brief(f"long-{number}", DRAWS) for number in range(8)),
        )
        self._wait(lambda: self._states("long")["generating"] == 5, "jobs in flight")
        waiting = next(each for each in self._briefs() if (each.account, each.state) == (DRAWS, "waiting"))
        self._release.run(self._made.environment, "cancel", waiting.brief_id)
        self._until("promoting")

    def _what_is_refused(self) -> None:
        self._send(self._brief("poor", POOR))
        self._wait(lambda: account_reading.report(self._client, POOR).pauses, "a pause")
        before = self._dead_letters()
        # No actor of ours has this name; and the second brief is not the first one of its id.
        send(self._client, keys.INLET, "no_such_actor", "{}")
        self._made.send(self._brief("done", ENDS, instructions=[{"prompt": "Somebody else."}]))
        self._wait(lambda: len(self._dead_letters() - before) == OTHERS["dead letters"], "dead letters")

    def _what_is_cut(self) -> None:
        """The create comes last: its outcome is unknown once it has waited for its answer long enough."""
        self._fault("/identity/promote-generated", CUT, kind="delay", seconds=UNANSWERED, when="after")
        self._send(self._brief("cut-promote", CUT))
        self._wait(lambda: self._promotions("cut-promote") == ["promoting"], "a promote under way")
        self._fault("/identity/create", CUT, kind="delay", seconds=UNANSWERED, when="after")
        self._fault("/upload", CUT, kind="delay", seconds=UNANSWERED)
        self._fault("/identity/create", LOST, kind="drop_response")
        self._send(
            self._brief("cut-upload", CUT, reference_image="ada.jpg"),
            self._brief("uncertain", LOST),
            self._brief("cut-create", CUT),
        )
        self._until("uncertain")
        self._until("cut-upload", "preparing")
        self._until("cut-create", "submitting")

    def _id(self, name: str) -> str:
        return f"{self._of}-{name}"

    def _brief(self, name: str, account: str, **more: Any) -> dict[str, Any]:
        brief = {"brief_id": self._id(name), "name": self._id(name), "account": account, **more}
        return brief if "reference_image" in brief else {"instructions": [_face(1)], **brief}

    def _send(self, *briefs: dict[str, Any]) -> None:
        self._release.enqueue(self._made.environment, briefs)
        for brief in briefs:
            self._made.expect(brief)

    def _briefs(self) -> list[BriefView]:
        return [brief for brief in self._made.briefs() if brief.brief_id.startswith(self._id(""))]

    def _fault(self, path: str, account: str, **rule: Any) -> None:
        token = self._made.accounts[account]
        self._made.control("POST", "faults", {"path": path, "account": token, **rule})

    def _set(self, account: str, **settings: Any) -> None:
        self._made.control("POST", "settings", {"account": self._made.accounts[account], **settings})

    def _until(self, name: str, state: str | None = None) -> None:
        self._wait(lambda: self._states(name)[state or name] == 1, f"{name} to be {state or name}")

    def _states(self, name: str) -> Counter[str]:
        return Counter(brief.state for brief in self._briefs() if brief.brief_id.startswith(self._id(name)))

    def _dead_letters(self) -> set[str]:
        found: Any = self._client.zrange(keys.DEAD_LETTERS(keys.INLET), 0, -1)
        return set(found)

    def _promotions(self, name: str) -> list[str]:
        (brief,) = snapshots.by_ids(self._client, [self._id(name)])
        return [promotion.state for promotion in brief.promotions]

    def _wait(self, condition: Callable[[], object], what: str) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(f"no {what} within {PATIENCE:g} s")
            time.sleep(0.05)


def _face(drafts: int) -> dict[str, Any]:
    return {"prompt": "A face.", "num_variations": drafts}
