"""The functions and the model side by side: each call is made on both, then they are compared.

The time is simulated and stands still but in `pass_time`, which lets a listener run whatever timer is due.
"""

from dataclasses import dataclass
from typing import Any

from side_by_side.comparison import BUSY, Comparison
from side_by_side.subjects import MINUTE, WAITS, Account, Subject

from config import keys
from worker.ledger import commands
from worker.ledger.arrivals import Arrival, Outcome
from worker.ledger.events import BriefAccepted
from worker.ledger.transition import Completion, Pause, Throttle, Transition


@dataclass
class Scene(Comparison):
    """Accounts and batches, and all that happens to them."""

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
        observed = 0 if subject.state == "uncertain" else None  # what goes back to wait did not arrive
        self.model.move(subject, to, self.now)
        timer_ms = None if subject.finished or subject.waits else 20_000
        self.advance(subject, to, timer_ms=timer_ms, observed=observed)

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
        self.run(commands.sync_identities(account=account, codes=sorted(codes), since=since, balance=None))
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
