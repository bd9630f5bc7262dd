"""What must be true once everything is quiet, whatever was broken before; each breach of it by name.

Read from what nobody can talk their way around: the sandbox's ledger (what was really charged), the event
stream, and the keys of Redis. The briefs must have been named for their ids: `name` is what the sandbox's
ledger says of a job.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import redis

from tests.chaos.invariants import event_stream, leaks
from worker.lifecycle.charges import take_apart
from worker.views import snapshots
from worker.views.models import BriefView

#: States in which a brief may be found when all is quiet.
ENDS = ("done", "failed", "held", "cancelled")
#: Those in which a person is asked, or has said, what becomes of a job of it.
_ANSWERED = ("held", "cancelled")


class Kind(StrEnum):
    """What was broken."""

    LOST = "lost"
    """A brief that was accepted has no end, or one without a reason."""
    PAID_TWICE = "paid_twice"
    """The API charged more than once for a brief, its description or a draft."""
    WASTED = "wasted"
    """What was paid for is neither used, nor on offer, nor refused on record."""
    LEAKED = "leaked"
    """Something is still held, queued or kept for what is over."""
    EVENTS = "events"
    """An event was left out, written twice or out of order."""
    HOOKS = "hooks"
    """An endpoint was not sent an event, or out of order; or what HTTP asked for was done twice."""
    VIOLATION = "violations"
    """The API saw what no well-behaved client does."""
    AUDIT = "audit"
    """`identity-worker audit` found journal, ledger and API at odds (`tests.chaos.invariants.auditing`)."""


class Breach(NamedTuple):
    """One thing that is not as it must be."""

    kind: Kind
    subject: str
    what: str


@dataclass(frozen=True)
class Scene:
    """All that is looked at: the briefs that were sent, and what each side has on record of them."""

    client: "redis.Redis"
    ledger: Mapping[str, Any]
    """The sandbox's whole ledger."""
    accounts: Mapping[str, str]
    """Our accounts' names with their tokens at the sandbox."""
    briefs: Mapping[str, BriefView]
    expected: Collection[str]
    """The ids of all briefs that were sent."""
    resent: Collection[str] = ()
    """Briefs for which an operator had a paid call made again."""

    def jobs(self, account: str) -> dict[str, list[dict[str, Any]]]:
        """Return the creation jobs that the API has of an account, by brief."""
        found: dict[str, list[dict[str, Any]]] = {}
        for job in self._api(account)["jobs"]:
            if job["job_type"] == "identity_creation":
                found.setdefault(str(job["name"]), []).append(job)
        return found

    def identities(self, account: str) -> list[dict[str, Any]]:
        """Return the identities that the API made of drafts, hidden ones too."""
        return [each for each in self._api(account)["identities"] if each["image_result_id"] is not None]

    def charges(self, account: str, reason: str) -> int:
        """Return how often an account was charged for a reason."""
        return sum(each["reason"] == reason for each in self._api(account)["credits"]["charges"])

    def violations(self, account: str) -> dict[str, int]:
        """Return the sandbox's counts of an account that are above zero."""
        return {name: count for name, count in self._api(account)["violations"].items() if count}

    def _api(self, account: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.ledger["accounts"][self.accounts[account]]
        return found

    def of(self, account: str) -> list[BriefView]:
        """Return the briefs of an account."""
        return [brief for brief in self.briefs.values() if brief.account == account]


def look(
    client: "redis.Redis",
    ledger: Mapping[str, Any],
    accounts: Mapping[str, str],
    expected: Collection[str],
    resent: Collection[str] = (),
) -> list[Breach]:
    """Return every breach; none is what is wanted."""
    briefs = {brief.brief_id: brief for brief in snapshots.by_ids(client, list(expected))}
    scene = Scene(client, ledger, accounts, briefs, expected, resent)
    return [
        *promises(scene),
        *(Breach(Kind.LEAKED, subject, what) for subject, what in leaks.leaks(client, accounts, briefs)),
        *(
            Breach(Kind.EVENTS, subject, what)
            for subject, what in event_stream.faults(client, briefs.values())
        ),
    ]


def promises(scene: Scene) -> Iterator[Breach]:
    """Yield every breach of a promise by what is told of the briefs and the API's ledger, keys apart."""
    yield from _lost(scene)
    yield from _paid_twice(scene)
    yield from _wasted(scene)
    yield from _violations(scene)


def whose(ledger: Mapping[str, Any]) -> dict[str, str]:
    """Return the brief of each job, draft and identity of the sandbox's ledger, as breaches name them."""
    found: dict[str, str] = {}
    for account in ledger["accounts"].values():
        for job in account["jobs"]:
            name = str(job["name"])
            found[str(job["job_id"])] = name
            found |= {f"draft {draft['image_result_id']}": name for draft in job.get("drafts", ())}
        for identity in account["identities"]:
            found[str(identity["identity_code"])] = found.get(f"draft {identity['image_result_id']}", "")
    return found


def _lost(scene: Scene) -> Iterator[Breach]:
    for brief_id in scene.expected:
        brief = scene.briefs.get(brief_id)
        if brief is None:
            yield Breach(Kind.LOST, brief_id, "is not on record")
        elif brief.state not in ENDS:
            yield Breach(Kind.LOST, brief_id, f"is still {brief.state}")
        elif brief.state == "failed" and not (brief.error or brief.faults):
            yield Breach(Kind.LOST, brief_id, "failed without a reason")
        elif brief.state == "held" and not brief.question:
            yield Breach(Kind.LOST, brief_id, "is held without a question")
        elif brief.state == "done" and not brief.identity_codes:
            yield Breach(Kind.LOST, brief_id, "is done without an identity")


def _paid_twice(scene: Scene) -> Iterator[Breach]:
    for account in scene.accounts:
        for name, jobs in scene.jobs(account).items():
            if len(jobs) > 1 and name not in scene.resent:
                yield Breach(Kind.PAID_TWICE, name, f"has {len(jobs)} creation jobs")
        drafts = Counter(identity["image_result_id"] for identity in scene.identities(account))
        # Guide, Idempotency: a draft whose preprocessing failed may be promoted again.
        hidden = Counter(each["image_result_id"] for each in scene.identities(account) if each["hidden"])
        for draft, times in drafts.items():
            if times > 1 + hidden[draft]:
                yield Breach(Kind.PAID_TWICE, f"draft {draft}", f"was promoted {times} times")
        yield from _described_twice(scene, account)


def _described_twice(scene: Scene, account: str) -> Iterator[Breach]:
    """The ledger does not say whose photo was described: of all together there may be one for each."""
    asked = {brief.brief_id: _descriptions_asked(scene, brief) for brief in scene.of(account)}
    allowed = sum(times if name in scene.resent else min(times, 1) for name, times in asked.items())
    charged = scene.charges(account, "extraction")
    if charged > allowed:
        yield Breach(Kind.PAID_TWICE, account, f"{charged} descriptions for {allowed} photos")


def _descriptions_asked(scene: Scene, brief: BriefView) -> int:
    journal = snapshots.journal(scene.client, brief.brief_id)
    return sum(entry["call"] == "extract" and entry["what"] == "intended" for entry in journal)


def _wasted(scene: Scene) -> Iterator[Breach]:
    for account in scene.accounts:
        for name, jobs in scene.jobs(account).items():
            for job in jobs:
                yield from _unused_job(scene, name, job)
        promotions = [promotion for brief in scene.of(account) for promotion in brief.promotions]
        known = {promotion.identity_code for promotion in promotions}
        # Held: the promote that may have arrived is made again when an operator has the brief go on.
        asked = {promotion.image_result_id for promotion in promotions if promotion.state == "held"}
        asked |= {draft for brief in scene.of(account) for draft in _written_off(scene, brief)}
        for identity in scene.identities(account):
            is_ours = identity["identity_code"] in known or identity["image_result_id"] in asked
            if not identity["hidden"] and not is_ours:
                yield Breach(Kind.WASTED, identity["identity_code"], "is an identity that no promotion has")


def _written_off(scene: Scene, brief: BriefView) -> Iterator[int | None]:
    """Yield the drafts that a person has cancelled while nobody knew if their promote had arrived.

    To ask for it would buy what has not arrived, so it is not made again.
    """
    cancelled = [promotion for promotion in brief.promotions if promotion.state == "cancelled"]
    lost = take_apart(snapshots.journal(scene.client, brief.brief_id)).lost("promote") if cancelled else ()
    doubtful = {call["image_result_id"] for call in lost}
    yield from (each.image_result_id for each in cancelled if each.image_result_id in doubtful)


def _unused_job(scene: Scene, name: str, job: Mapping[str, Any]) -> Iterator[Breach]:
    brief = scene.briefs.get(name)
    if brief is None:
        yield Breach(Kind.WASTED, job["job_id"], f"is a job of nobody ({name})")
        return
    if brief.job_id != job["job_id"]:
        # Held: whether its create arrived is what the operator is asked. Resent: the first is written off.
        if brief.state not in _ANSWERED and name not in scene.resent:
            yield Breach(Kind.WASTED, name, f"does not know its job {job['job_id']}, it has {brief.job_id}")
        return
    bought = {draft["image_result_id"] for draft in job["drafts"] if draft["status"] == "completed"}
    missing = bought - {draft["image_result_id"] for draft in brief.drafts}
    # Held: its step could not be run, and will fetch them when it is. Cancelled: nobody wants them.
    if missing and brief.state not in _ANSWERED:
        yield Breach(Kind.WASTED, name, f"has drafts that it was never offered: {sorted(missing)}")
    if bought and brief.state == "failed" and not brief.promotions:
        yield Breach(Kind.WASTED, name, "failed with drafts that could have been promoted")


def _violations(scene: Scene) -> Iterator[Breach]:
    for account in scene.accounts:
        for name, count in scene.violations(account).items():
            yield Breach(Kind.VIOLATION, account, f"{name}: {count}")
