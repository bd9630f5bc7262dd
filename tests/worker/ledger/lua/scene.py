"""The functions and the model side by side: each call is made on both, then they are compared.

The time is simulated and stands still but in `pass_time`, which lets a listener run whatever timer is due.
"""

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import redis
from model import MINUTE, WAITS, Account, Model, Subject

from benchmarks.caps.virtual import admission
from config import durations, keys
from worker.ledger import commands
from worker.ledger.arrivals import Arrival, Outcome
from worker.ledger.events import BriefAccepted
from worker.ledger.transition import Completion, Pause, Throttle, Transition
from worker.store.functions import Command, Functions, T

START = 1_000_000
ENDPOINTS = ("create", "promote")
#: How many waiters behind the first one the functions look at.
LOOK_PAST = 50
BUSY = round(durations.BUSY_AGAIN_SECONDS * 1000)
RECOUNT = round(durations.COUNT_SOON_SECONDS * 1000)


@dataclass
class Seen:
    """What Redis holds of an account."""

    permits: set[str]
    waiting: dict[str, list[str]]
    windows: dict[str, list[tuple[str, float]]]
    slots: dict[str, int]
    identities: dict[str, int]
    record: dict[str, str]
    reservations: dict[str, float]

    def under_way(self, endpoint: str) -> set[str]:
        """Return whose requests have no end yet."""
        return {name for name, end in self.windows[endpoint] if end == float("inf")}


@dataclass
class Scene:
    """Accounts and batches, and all that happens to them."""

    client: "redis.Redis"
    functions: Functions
    model: Model
    batches: tuple[str, ...] = ()
    now: int = START
    ran: int = 0
    libraries: dict[str, set[str]] = field(default_factory=dict)
    """The identities that the server has, by account."""
    sent: list[tuple[str, str]] = field(default_factory=list)
    """Steps that were sent since the last look: actor and subject."""
    sound: bool = True
    """Whether the last comparison held."""
    timers: dict[str, int] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: count(1))

    # Calls.

    def run(self, command: Command[T]) -> T:
        """Call a function now."""
        self.ran += 1
        return self.functions.run(command, self.now)

    def open(self, name: str, *, job_has_ended: bool = True, **limits: int) -> Account:
        """Open an account, one that has had a job before unless it is said otherwise."""
        account = self.model.accounts[name] = Account(name, job_has_ended=job_has_ended)
        if job_has_ended:
            self.client.hset(keys.RECORD(f"account:{name}"), "drafts_ended", 1)
        self.libraries[name] = set()
        self.limit(name, **{"jobs": account.jobs, **limits})
        return account

    def limit(self, name: str, **limits: int) -> None:
        """Change limits: jobs, slots, express, create_per_minute, promote_per_minute."""
        account = self.model.accounts[name]
        for field_, value in limits.items():
            if field_.endswith("_per_minute"):
                account.rates[field_.removesuffix("_per_minute")] = value
            else:
                setattr(account, field_, value)
        if "slots" in limits:
            self.model.forget_slots(account)
        texts = {field_: str(value) for field_, value in limits.items()}
        self.run(commands.set_limits(account=name, limits=texts, by="test"))
        self.look()

    def arrive(
        self,
        account: str = "a",
        *,
        batch: str | None = None,
        priority: int = 0,
        need: int = 1,
        variations: int = 1,
        budget: int | None = None,
        name: str | None = None,
    ) -> Subject:
        """Accept a brief, after its batch was given a budget."""
        if batch and budget is not None:
            self.set_budget(batch, account, budget)
        number = next(self.numbers)
        name = name or f"{number:05}"
        brief = Subject(
            f"brief:{name}", "create", account, batch, priority, number, need, variations, moved=self.now
        )
        self.model.subjects[brief.name] = brief
        fields = {"envelope": f'"brief_id":"{name}"', "need": str(need), "variations": str(variations)}
        event = BriefAccepted(instructions=1, variations=variations, notes=())
        arrival = Arrival(name, account, batch, priority, fields, event)
        assert self.run(commands.accept(arrival)).outcome is Outcome.ACCEPTED
        self.look()
        return brief

    def advance(self, subject: Subject, to: str, **more: Any) -> None:
        """Move a subject; the model has moved it already."""
        assert self.run(commands.advance(subject.name, Transition(to, **more))) == "applied"
        self.look()

    def begin(self, subject: Subject) -> None:
        """Let a granted subject's request be sent."""
        self.model.begin(subject, self.now)
        self.advance(subject, subject.state, timer_ms=45_000)

    def answered(self, subject: Subject, to: str) -> None:
        """Record an answer that is no refusal: the request came through."""
        endpoint, request = subject.endpoint, subject.request
        assert request
        code = f"code-{subject.name}" if to == "preprocessing" else None
        if code:
            self.libraries[subject.account].add(code)
        self.model.end_request(subject, self.now)
        self.model.move(subject, to, self.now, code)
        if to not in (WAITS[endpoint], "uncertain"):
            self.model.came_through(self.model.accounts[subject.account], endpoint, request.granted)
        self.advance(
            subject, to, completion=Completion.COUNTED, timer_ms=20_000,
            fields={"identity_code": code} if code else {},
            jobs=[f"job-{subject.name}"] if to in ("generating", "preprocessing") else (),
        )  # fmt: skip

    def refused(self, subject: Subject, what: str, ms: int, *, left: bool = True) -> None:
        """Record a refusal that pauses the account (`pause`) or an endpoint; or a request that never left."""
        request = subject.request
        assert request
        self.model.end_request(subject, self.now if left else None)
        self.model.move(subject, WAITS[subject.endpoint], self.now)
        account = self.model.accounts[subject.account]
        self.model.refused(account, what, ms, request.granted, self.now)
        self.advance(
            subject, subject.state, completion=Completion.COUNTED if left else Completion.NEVER_LEFT,
            pause=Pause(what, ms, "refused"),
        )  # fmt: skip

    def throttled(self, subject: Subject, kind: str, ms: int | None) -> None:
        """Record a 429."""
        model, request = self.model, subject.request
        assert request
        account, endpoint = model.accounts[subject.account], subject.endpoint
        model.end_request(subject, self.now)
        model.move(subject, WAITS[endpoint], self.now)
        meant = model.kind_of_429(account, endpoint, self.now) if kind == "unclear" else kind
        if meant == "jobs":
            model.make_room(account)
            account.working_until = self.now + BUSY
            if ms:
                model.cool(account, endpoint, ms, self.now)
        elif meant == "rate":
            model.cool(account, endpoint, ms or MINUTE, self.now)
        else:
            model.refused(account, endpoint, ms or MINUTE, request.granted, self.now)
            account.stops[endpoint].full = True
            model.learn_slots(account)
        throttle = Throttle(kind, ms or None, "429")
        self.advance(subject, subject.state, completion=Completion.COUNTED, throttle=throttle)

    def move(self, subject: Subject, to: str) -> None:
        """Move a subject where no request ends."""
        if subject.state == "preprocessing" and to != "ready":
            self.libraries[subject.account].discard(subject.code or "")
        self.model.move(subject, to, self.now)
        self.advance(subject, to, timer_ms=None if subject.finished or subject.waits else 20_000)

    def collect(
        self, brief: Subject, to: str = "choosing", cost: int | None = None, promotions: int = 0
    ) -> None:
        """Let a job be over; the API may say what its drafts cost, in credits, and a rule choose at once."""
        if cost is not None:
            self.model.buy_drafts(brief, cost)
        self.model.move(brief, to, self.now)
        if promotions:
            self.model.plan(brief, promotions, self.now)
        self.advance(
            brief, to, fields={} if cost is None else {"credits_used": str(cost)},
            promotions=[{"tried": "0"}] * promotions,
        )  # fmt: skip

    def plan(self, brief: Subject, number: int = 1) -> None:
        """Choose so many drafts."""
        self.model.plan(brief, number, self.now)
        promotions = [{"tried": "0"}] * number
        assert self.run(commands.plan(brief=brief.name.partition(":")[2], promotions=promotions)) == "applied"
        self.look()

    def set_budget(self, batch: str, account: str, allowed: int) -> None:
        """Set a batch's budget."""
        self.model.allowed[batch] = allowed
        self.run(commands.budget(batch=batch, account=account, credits=str(allowed)))
        self.look()

    def set_account_budget(self, name: str, allowed: int | None) -> None:
        """Set an account's own budget, or take it away; what is spent counts from the first one on."""
        account = self.model.accounts[name]
        if account.budget is None and allowed is not None:
            account.spent = 0
        account.budget = allowed
        text = "" if allowed is None else str(allowed)
        self.run(commands.set_limits(account=name, limits={"budget": text}, by="test"))
        self.look()

    def resume(self, account: str) -> None:
        """Lift an account's pauses."""
        self.model.resume(self.model.accounts[account])
        self.run(commands.resume(account=account, by="test"))
        self.look()

    def read_library(self, account: str, since: int | None = None, codes: set[str] | None = None) -> None:
        """Put a list of the server's identities on record: now's, or one that was asked for earlier."""
        since = self.now if since is None else since
        codes = self.libraries[account] if codes is None else codes
        self.model.read_library(self.model.accounts[account], codes, since)
        self.run(commands.sync_identities(account=account, codes=sorted(codes), since=since))
        self.look()

    def pass_time(self, ms: int) -> None:
        """Let time pass, and the timers do what is due, each in its moment."""
        end = self.now + ms
        while (due := self.next_timer()) is not None and due <= end:
            self.now = max(self.now, due)
            self.run_timers()
        self.now = end
        self.look()

    def run_timers(self) -> None:
        """Do what a listener does when a timer is due."""
        self.run(commands.due(most=100))
        self.look()

    def next_timer(self) -> int | None:
        """Return when the first timer is due."""
        first: Any = self.client.zrange(keys.TIMERS(), 0, 0, withscores=True)
        return int(first[0][1]) if first else None

    # Looks.

    def look(self) -> None:
        """Read all that Redis holds, let the model grant what was granted, and compare."""
        self.sound = False
        seen, parked, budgets, promised, self.timers = self._read()
        for name, account in self.model.accounts.items():
            self._check_working(account, seen[name].record)
        self._check_grants(seen)
        for name, account in self.model.accounts.items():
            self._check_holdings(account, seen[name])
            self._check_stops(account, seen[name].record)
            self._check_slots_seen(account, seen[name].record)
            self._check_account_budget(account, seen[name])
            self._check_idle(account, seen[name], parked)
        self._check_waiting(seen, parked)
        self._check_budgets(budgets, promised)
        self._check_why(seen, parked)
        self.sound = True

    def _read(self) -> tuple[dict[str, Seen], dict[str, list[str]], Any, Any, dict[str, int]]:
        with self.client.pipeline(transaction=True) as pipe:
            for name in self.model.accounts:
                pipe.zrange(keys.PERMITS(name), 0, -1)
                pipe.hgetall(keys.SLOTS(name))
                pipe.zrange(keys.IDENTITIES(name), 0, -1, withscores=True)
                pipe.hgetall(keys.RECORD(f"account:{name}"))
                pipe.hgetall(keys.RESERVATIONS(name))
                for endpoint in ENDPOINTS:
                    pipe.zrange(keys.WAITING(name, endpoint), 0, -1)
                    pipe.zrange(keys.WINDOW(name, endpoint), 0, -1, withscores=True)
            for batch in self.batches:
                pipe.zrange(keys.PARKED(batch), 0, -1)
                pipe.hgetall(keys.BUDGET(batch))
                pipe.hgetall(keys.BATCH_RESERVATIONS(batch))
            pipe.zrange(keys.TIMERS(), 0, -1, withscores=True)
            pipe.lrange(keys.QUEUE(keys.STEPS), 0, -1)
            pipe.hgetall(keys.MESSAGES(keys.STEPS))
            pipe.delete(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS))
            got = iter(pipe.execute())
        seen = {}
        for name in self.model.accounts:
            permits, slots, identities, record, reserved = (next(got) for _ in range(5))
            waiting, windows = {}, {}
            for endpoint in ENDPOINTS:
                waiting[endpoint], windows[endpoint] = next(got), next(got)
            seen[name] = Seen(
                set(permits), waiting, windows, {s: int(n) for s, n in slots.items()},
                {code: int(since) for code, since in identities}, record,
                {s: float(amount) for s, amount in reserved.items()},
            )  # fmt: skip
        parked, budgets, promised = {}, {}, {}
        for batch in self.batches:
            parked[batch], budgets[batch], promised[batch] = (next(got) for _ in range(3))
        timers = {subject: int(due) for subject, due in next(got)}
        order, messages = next(got), next(got)
        decoded = [json.loads(messages[number]) for number in order]
        self.sent = [(message["actor_name"], message["args"][0]) for message in decoded]
        return seen, parked, budgets, promised, timers

    def _check_working(self, account: Account, record: dict[str, str]) -> None:
        """What others leave to us may grow by one job each time its moment has come, or be the whole cap."""
        number, until = record.get("working"), int(record.get("working_until", 0))
        before = account.working
        if number is None:
            if before is not None:
                probed = before + (self.now >= account.working_until)
                assert 0 < account.jobs <= probed, "the working limit was lifted too early"
            account.working = None
            return
        assert before is not None, "a working limit that nobody set"
        if (int(number), until) != (before, account.working_until):
            assert self.now >= account.working_until, "the working limit was raised too early"
            assert (int(number), until) == (before + 1, self.now + BUSY)
        account.working, account.working_until = int(number), until

    def _check_grants(self, seen: dict[str, Seen]) -> None:
        """Let the model grant what was granted, in the same order: each must have missed nothing."""
        granted = set()
        for name in self.model.accounts:
            for endpoint in ENDPOINTS:
                under_way = seen[name].under_way(endpoint)
                ours = {s.name for s in self.model.of(name) if s.endpoint == endpoint and s.request}
                assert ours <= under_way, f"requests without their place in the window: {ours - under_way}"
                granted |= under_way - ours
        order = {subject: place for place, (_, subject) in reversed(list(enumerate(self.sent)))}
        assert granted <= order.keys(), f"granted, but not told: {granted - order.keys()}"
        for name in sorted(granted, key=order.__getitem__):
            self._grant(self.model.subjects[name])

    def _grant(self, subject: Subject) -> None:
        model, name = self.model, subject.name
        assert subject.waits, f"{name} was granted while {subject.state}"
        missing = model.missing(subject, self.now)
        assert not missing, f"{name} was granted without {missing}"
        for other in model.startable(subject.account, self.now):
            assert subject.endpoint == "promote" or other.endpoint == "create", (
                f"{other.name} goes before {name}"
            )
            same = other.endpoint == subject.endpoint
            assert not (same and other.goes_before(subject)), f"{other.name} goes before {name}"
        model.grant(subject, self.now)
        # In the same call its own timer is set: a grant that nobody takes up is sent again.
        assert self.timers.get(name) == self.now + durations.GRANT_MS

    def _check_holdings(self, account: Account, seen: Seen) -> None:
        """Who waits holds nothing; who holds something has it by its state or its grant."""
        name = account.name
        assert seen.permits == self.model.permits(name)
        assert seen.slots == self.model.reserved(name)
        assert seen.identities == account.identities
        for endpoint in ENDPOINTS:
            ended = sorted(end for _, end in seen.windows[endpoint] if self.now < end < float("inf"))
            requests = self.model.window(name, endpoint, self.now)
            assert ended == sorted(r.answered + MINUTE for r in requests if r.answered is not None)
            under_way = {s.name for s in self.model.of(name) if s.endpoint == endpoint and s.request}
            assert seen.under_way(endpoint) == under_way
        for subject in self.model.of(name):
            if subject.granted or subject.state in ("submitting", "uncertain", "generating", "preprocessing"):
                assert subject.name in self.timers, f"{subject.name} is {subject.state} without a timer"

    def _check_stops(self, account: Account, record: dict[str, str]) -> None:
        for what, stop in account.stops.items():
            noted = (int(record.get(f"{what}_until", 0)), int(record.get(f"{what}_count", 0)))
            assert noted == (stop.until, stop.refusals), f"{what} is {noted} instead of {stop}"

    def _check_slots_seen(self, account: Account, record: dict[str, str]) -> None:
        noted = record.get("slots_seen")
        assert (None if noted is None else int(noted)) == account.slots_seen
        assert ("slots_beyond" in record) == account.slots_beyond

    def _check_account_budget(self, account: Account, seen: Seen) -> None:
        ours = {s.name: float(s.promised) for s in self.model.of(account.name) if s.promised is not None}
        assert seen.reservations == ours
        if account.budget is not None:
            assert float(seen.record.get("spent", 0)) == account.spent

    def _check_waiting(self, seen: dict[str, Seen], parked: dict[str, list[str]]) -> None:
        """Whoever waits stands in one list, and nobody else does."""
        for name in self.model.accounts:
            for endpoint in ENDPOINTS:
                waits = {s.name for s in self.model.of(name) if s.endpoint == endpoint and s.waits}
                aside = {s for subjects in parked.values() for s in subjects} & waits
                assert not aside & set(seen[name].waiting[endpoint])
                assert aside | set(seen[name].waiting[endpoint]) == waits
        everybody = {s.name for s in self.model.subjects.values() if s.waits}
        assert {s for subjects in parked.values() for s in subjects} <= everybody

    def _check_idle(self, account: Account, seen: Seen, parked: dict[str, list[str]]) -> None:
        """Nobody waits who could start; where time alone is missing, or slots, a timer is set."""
        rows = [*seen.waiting.values(), *parked.values()]
        in_sight = {subject for row in rows for subject in row[: LOOK_PAST + 1]}
        look = self.timers.get(f"account:{account.name}")
        for subject in self.model.of(account.name):
            if not subject.waits or subject.name not in in_sight:
                continue
            missing = self.model.missing(subject, self.now)
            # Credits that another account freed: the timer that is due brings them here.
            due = look is not None and look <= self.now and subject.batch is not None
            assert missing or due, f"{subject.name} waits for nothing"
            when = self.model.may_start_at(subject, self.now)
            if when is not None:
                assert look is not None, f"{subject.name} waits for {missing}, but no timer is set"
                assert look <= when, f"{subject.name} may start at {when}, but the timer is at {look}"
            if missing == {"slots"} or ("pause" in missing and account.stops[subject.endpoint].full):
                assert self.timers[f"library:{account.name}"] <= self.now + RECOUNT

    def _check_budgets(self, budgets: dict[str, Any], promised: dict[str, Any]) -> None:
        for batch in self.batches:
            assert float(budgets[batch].get("spent", 0)) == self.model.spent.get(batch, 0)
            ours = {
                s.name: float(s.promised)
                for s in self.model.subjects.values()
                if s.batch == batch and s.promised is not None
            }
            theirs = {subject: float(amount) for subject, amount in promised[batch].items()}
            assert theirs == ours

    def _check_why(self, seen: dict[str, Seen], parked: dict[str, list[str]]) -> None:
        """Whoever is first of a list lacks by `why` what it lacks by the model; if nothing, it is granted."""
        rows = [*(row for each in seen.values() for row in each.waiting.values()), *parked.values()]
        for name in (row[0] for row in rows if row):
            subject = self.model.subjects.get(name)
            if subject is None:
                continue  # its record was deleted
            told = self.functions.run(commands.why(subject=name), self.now)
            assert told
            assert not told["granted"]
            lacks = {each["what"] for each in told["missing"]}
            assert lacks == self._lacks(subject), f"{name} lacks {lacks} by `why`"
            if not lacks:
                # Only the timer that is due keeps it: it brings the credits that another account freed.
                self.run(admission(subject.account))
                self.look()
                assert subject.granted, f"{name} lacks nothing by `why`, and is not granted"
                return  # what was read before is no longer so

    def _lacks(self, subject: Subject) -> set[str]:
        """Return what the model misses, in the words of `why`."""
        account, missing = self.model.accounts[subject.account], self.model.missing(subject, self.now)
        if "working" in missing and self.now >= account.working_until:
            # The one job more that is due to be tried is counted on.
            used = len(self.model.permits(account.name))
            reserve = account.express if subject.endpoint == "create" and subject.priority <= 0 else 0
            if used < (account.working or 0) + 1 - reserve:
                missing.remove("working")
        words = {"window": "request", "jobs": "job", "working": "job"}
        found = {words.get(each, each) for each in missing}
        # A full window is told instead of the probe that it holds as well.
        return found - {"probe"} if "request" in found else found
