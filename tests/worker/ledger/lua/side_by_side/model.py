"""The permits as plain Python: what becomes of everybody with each thing that happens. Times are ms."""

from side_by_side.holdings import Holdings
from side_by_side.subjects import (
    ASKS,
    KEEPS_SLOTS,
    LONGEST_PAUSE,
    PROMOTION,
    WAITS,
    Account,
    Request,
    Stop,
    Subject,
)


class Model(Holdings):
    """Where everybody stands, and what happens to them."""

    def grant(self, subject: Subject, now: int) -> None:
        """Give a waiter its permits."""
        rate = self.accounts[subject.account].rates[subject.endpoint]
        subject.request = Request(subject.account, subject.endpoint, now, rate)
        self.requests.append(subject.request)
        if subject.promised is None:
            subject.promised = self.cost(subject)

    def begin(self, subject: Subject, now: int) -> None:
        """Let a granted subject send its request, which must fit whenever the server counted the others."""
        request = subject.request
        assert request is not None
        request.sent = now
        together = [
            r
            for r in self.requests
            if (r.account, r.endpoint) == (request.account, request.endpoint)
            and r.may_be_counted_with_one_at(now)
        ]
        if all(r.rate for r in together):
            highest = max(r.rate for r in together)
            assert len(together) <= highest, (
                f"{len(together)} requests in one window of the server, {together}"
            )
        self.move(subject, ASKS[subject.endpoint], now)

    def move(self, subject: Subject, to: str, now: int, code: str | None = None) -> None:
        """Let a subject stand elsewhere, with what follows for slots, promises and its brief."""
        before, account = subject.state, self.accounts[subject.account]
        if subject.granted and to != ASKS[subject.endpoint]:
            self.end_request(subject, None)
        subject.state, subject.moved = to, now
        if before == "preprocessing" and to != "ready":
            account.identities.pop(subject.code or "", None)
        if to == "preprocessing":
            subject.code = code
            assert code
            account.identities[code] = now
            account.slots_beyond |= len(account.identities) > self.seen(account)
            self.spend(subject, PROMOTION)
        account.job_has_ended |= before == "generating" and to != "held"
        subject.has_slot = False
        if to == "planned":
            # Its slot stays its own, but for one whose identity somebody else's may have replaced meanwhile.
            subject.has_slot = before != "preprocessing" or self.free_slots(account) >= subject.need
        if to not in KEEPS_SLOTS[subject.endpoint] | {"planned"}:
            subject.promised = None
        if subject.brief and subject.finished:
            self._finish_brief(subject.brief, now)

    def _finish_brief(self, brief: Subject, now: int) -> None:
        promotions = [s for s in self.subjects.values() if s.brief is brief]
        if all(p.finished for p in promotions):
            self.move(brief, "done" if any(p.state == "ready" for p in promotions) else "failed", now)

    def end_request(self, subject: Subject, now: int | None) -> None:
        """Let a subject's request be answered; None: it never left."""
        request = subject.request
        assert request is not None
        subject.request = None
        if now is None:
            self.requests.remove(request)
        else:
            request.answered = now

    def spend(self, subject: Subject, cost: float) -> None:
        """Let a subject cost credits."""
        self.accounts[subject.account].spent += cost
        if subject.batch:
            self.spent[subject.batch] = self.spent.get(subject.batch, 0) + cost

    def buy_drafts(self, brief: Subject, cost: float) -> None:
        """Let a brief's drafts have cost credits; its promotions are still to come."""
        account = self.accounts[brief.account]
        account.drafts_credits += cost
        account.drafts_made += brief.variations
        self.spend(brief, cost)
        if brief.promised is not None:
            brief.promised = PROMOTION * brief.need

    def plan(self, brief: Subject, count: int, now: int) -> None:
        """Plan promotions; as many as the brief has slots for take them over, with what was promised."""
        slots, promised = brief.reserved, brief.promised is not None
        self.move(brief, "promoting", now)
        for number in range(count):
            promotion = Subject(
                f"promotion:{brief.name.partition(':')[2]}#{number}",
                "promote",
                brief.account,
                brief.batch,
                brief.priority,
                brief.number,
                state="planned",
                brief=brief,
                moved=now,
                has_slot=number < slots,
            )
            if promotion.has_slot and promised:
                promotion.promised = PROMOTION
            self.subjects[promotion.name] = promotion

    def refused(self, account: Account, what: str, ms: int, granted: int, now: int) -> None:
        """Pause; refusals of requests that went out together are one refusal, each further one doubles it."""
        stop = account.stops[what]
        if stop.refusals == 0 or granted >= stop.until:
            stop.refusals += 1
        pause = min(ms * 2 ** (stop.refusals - 1), max(ms, LONGEST_PAUSE))
        stop.until = max(stop.until, now + pause)
        stop.full = False
        for endpoint in WAITS if what == "pause" else (what,):
            self.withdraw(account, endpoint)

    def came_through(self, account: Account, endpoint: str, granted: int) -> None:
        """Lift pauses: a request that went out after their end was not refused."""
        for what in ("pause", endpoint):
            if granted >= account.stops[what].until:
                if what == "create" and account.stops[what].full:
                    self.forget_slots(account)
                account.stops[what] = Stop()

    def learn_slots(self, account: Account) -> None:
        """Believe the API that there are no more slots than what is in the library and what may be."""
        in_use = len(account.identities) + len(self.under_way(account.name, "promote"))
        account.slots_seen = round(min(self.seen(account), in_use))
        self.withdraw(account, "create")

    def forget_slots(self, account: Account) -> None:
        """Believe in the limit alone again."""
        account.slots_seen, account.slots_beyond = None, False

    def cool(self, account: Account, endpoint: str, ms: int, now: int) -> None:
        """Let an endpoint rest."""
        account.stops[endpoint].until = max(account.stops[endpoint].until, now + ms)
        self.withdraw(account, endpoint)

    def withdraw(self, account: Account, endpoint: str) -> None:
        """Take back the grants of requests that were not begun; a promotion keeps its slot."""
        for subject in self.of(account.name):
            if subject.granted and subject.endpoint == endpoint:
                self.end_request(subject, None)
                if endpoint == "create":
                    subject.promised = None
                else:
                    subject.has_slot = True

    def make_room(self, account: Account) -> None:
        """Leave the jobs of others to them: keep to those that are under way."""
        for endpoint in WAITS:
            if self.needs_job(endpoint):
                self.withdraw(account, endpoint)
        account.working = len(self.permits(account.name))

    def kind_of_429(self, account: Account, endpoint: str, now: int) -> str:
        """Return what an unclear 429 is about: with room left in our window, the jobs of others."""
        rate = account.rates[endpoint]
        return "jobs" if rate and len(self.window(account.name, endpoint, now)) < rate else "rate"

    def resume(self, account: Account) -> None:
        """Lift everything by hand."""
        account.stops = {what: Stop() for what in account.stops}
        account.working = None
        self.forget_slots(account)

    def read_library(self, account: Account, codes: set[str], since: int) -> None:
        """Believe a list of identities that was asked for at `since`, but for what came after."""
        for code in codes:
            account.identities.setdefault(code, since)
        for code, known in list(account.identities.items()):
            if code not in codes and known <= since:
                del account.identities[code]
                for stop in account.stops.values():
                    if stop.full:
                        stop.until, stop.full = 0, False
        if len(account.identities) > self.seen(account):
            if account.slots_beyond:
                self.forget_slots(account)
            else:
                account.slots_seen = len(account.identities)
        account.slots_beyond = False
