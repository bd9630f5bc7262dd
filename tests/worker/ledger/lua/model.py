"""The permits as plain Python: what each state holds, and what a waiter still misses.

Nothing here is counted up and down. Who holds what follows from where everybody stands, and what the server
may have counted follows from the list of requests; the functions keep counts, and are compared with this.
Times are ms.
"""

from dataclasses import dataclass, field

MINUTE = 60_000
#: Credits of one promotion (guide, *Promoting a draft*).
PROMOTION = 50
#: Credits that sums of mean prices may be off by.
ROUNDING = 1e-6
#: The longest pause after refusals.
LONGEST_PAUSE = 900_000

#: Where a record waits for a grant, and where a request of it is or may be under way.
WAITS = {"create": "waiting", "promote": "planned"}
ASKS = {"create": "submitting", "promote": "promoting"}
#: The API has, or may have, a job of it.
HAS_JOB = {"create": {"submitting", "uncertain", "generating"}, "promote": {"promoting", "preprocessing"}}
#: Slots are kept for it from before its drafts are bought.
KEEPS_SLOTS = {
    "create": {"submitting", "uncertain", "generating", "choosing", "held"},
    "promote": {"promoting"},
}
FINISHED = {"done", "failed", "cancelled", "ready"}


@dataclass(eq=False)
class Request:
    """A paid request: granted, sent, answered. The server counts it at some moment between the last two."""

    account: str
    endpoint: str
    granted: int
    rate: int
    """The rate in force when it was granted; 0 is none."""
    sent: int | None = None
    answered: int | None = None

    def may_be_counted_with_one_at(self, now: int) -> bool:
        """Return whether the server may count it in one window with a request that arrives from now on."""
        return self.sent is not None and (self.answered is None or self.answered > now - MINUTE)

    def fills_the_window(self, now: int) -> bool:
        """Return whether we count it: from its grant until a window after its answer."""
        return self.answered is None or self.answered > now - MINUTE


@dataclass(eq=False)
class Subject:
    """A brief (it waits for `create`) or a promotion (for `promote`)."""

    name: str
    endpoint: str
    account: str
    batch: str | None
    priority: int
    number: int
    """The order of arrival."""
    need: int = 1
    variations: int = 1
    state: str = "waiting"
    request: Request | None = None
    """Its grant, or its request under way."""
    has_slot: bool = False
    """Of a planned promotion: a slot of its brief has passed to it."""
    promised: float | None = None
    code: str | None = None
    brief: "Subject | None" = None
    moved: int = 0

    @property
    def waits(self) -> bool:
        """Whether it waits and is granted nothing."""
        return self.state == WAITS[self.endpoint] and self.request is None

    @property
    def granted(self) -> bool:
        """Whether it may begin."""
        return self.state == WAITS[self.endpoint] and self.request is not None

    @property
    def finished(self) -> bool:
        """Whether nothing follows."""
        return self.state in FINISHED

    @property
    def reserved(self) -> int:
        """The slots that are kept for it."""
        keeps = self.granted or self.has_slot or self.state in KEEPS_SLOTS[self.endpoint]
        return self.need if keeps else 0

    def goes_before(self, other: "Subject") -> bool:
        """Return whether the order says so whatever the batches' shares: by priority, or first of a batch."""
        if self.priority != other.priority:
            return self.priority > other.priority
        return self.batch == other.batch and self.number < other.number


@dataclass(eq=False)
class Stop:
    """A pause of the account or of an endpoint, and the refusals in a row that made it."""

    until: int = 0
    refusals: int = 0
    full: bool = False
    """Whether the last refusal was for want of a slot."""


@dataclass(eq=False)
class Account:
    """What an account allows, and what has come of it."""

    name: str
    jobs: int = 5
    slots: int = 50
    rates: dict[str, int] = field(default_factory=lambda: {"create": 5, "promote": 5})
    express: int = 0
    working: int | None = None
    """How many jobs others leave to us; when one more is tried."""
    working_until: int = 0
    stops: dict[str, Stop] = field(
        default_factory=lambda: {w: Stop() for w in ("pause", "create", "promote")}
    )
    identities: dict[str, int] = field(default_factory=dict)
    drafts_credits: float = 0
    drafts_made: int = 0
    job_has_ended: bool = False
    """Whether a creation job has ended, which tells what drafts cost if the API tells it at all."""
    slots_seen: int | None = None
    """How many identities the library held when the API said that it was full."""
    slots_beyond: bool = False
    """Whether it has taken a promotion since, though it should have been full."""
    budget: float | None = None
    spent: float = 0

    @property
    def draft_price(self) -> float:
        """What a draft has cost so far; 0 before the first."""
        return self.drafts_credits / self.drafts_made if self.drafts_made else 0


class Model:
    """Where everybody stands."""

    def __init__(self, *, preprocessing_counts: bool) -> None:
        self.preprocessing_counts = preprocessing_counts
        self.accounts: dict[str, Account] = {}
        self.subjects: dict[str, Subject] = {}
        self.allowed: dict[str, float] = {}
        self.spent: dict[str, float] = {}
        self.requests: list[Request] = []

    # What is held.

    def of(self, account: str) -> list[Subject]:
        """Return an account's subjects."""
        return [s for s in self.subjects.values() if s.account == account]

    def needs_job(self, endpoint: str) -> bool:
        """Return whether requests of an endpoint start a job that counts."""
        return endpoint == "create" or self.preprocessing_counts

    def permits(self, account: str) -> set[str]:
        """Return who holds a job permit: whoever is granted one or may have a job."""
        return {
            s.name
            for s in self.of(account)
            if self.needs_job(s.endpoint) and (s.granted or s.state in HAS_JOB[s.endpoint])
        }

    def reserved(self, account: str) -> dict[str, int]:
        """Return the slots that are reserved, by subject."""
        return {s.name: s.reserved for s in self.of(account) if s.reserved}

    def free_slots(self, account: Account, cap: float | None = None) -> float:
        """Return the slots that nobody has or keeps, of those of a cap, or of the lower of both."""
        if cap is None:
            cap = min(account.slots or float("inf"), self.seen(account))
        return cap - len(account.identities) - sum(self.reserved(account.name).values())

    def seen(self, account: Account) -> float:
        """Return the slots that the API has said there are."""
        return float("inf") if account.slots_seen is None else account.slots_seen

    def window(self, account: str, endpoint: str, now: int) -> list[Request]:
        """Return the requests that fill a window."""
        return [
            r
            for r in self.requests
            if r.account == account and r.endpoint == endpoint and r.fills_the_window(now)
        ]

    def committed(self, batch: str) -> float:
        """Return a batch's credits that are spent or promised."""
        promised = sum(s.promised or 0 for s in self.subjects.values() if s.batch == batch)
        return self.spent.get(batch, 0) + promised

    def cost(self, subject: Subject) -> float:
        """Return what a subject will still cost."""
        if subject.endpoint == "promote":
            return PROMOTION
        return PROMOTION * subject.need + self.accounts[subject.account].draft_price * subject.variations

    # Who may start.

    def missing(self, subject: Subject, now: int) -> set[str]:
        """Return all that keeps a waiter from starting now."""
        account = self.accounts[subject.account]
        endpoint = subject.endpoint
        found = set()
        if now < max(account.stops["pause"].until, account.stops[endpoint].until):
            found.add("pause")
        window = self.window(account.name, endpoint, now)
        refusals = account.stops["pause"].refusals + account.stops[endpoint].refusals
        if refusals and any(r.answered is None for r in window):
            found.add("probe")
        if account.rates[endpoint] and len(window) >= account.rates[endpoint]:
            found.add("window")
        if self.needs_job(endpoint):
            reserve = account.express if endpoint == "create" and subject.priority <= 0 else 0
            used = len(self.permits(account.name))
            if account.jobs and used >= account.jobs - reserve:
                found.add("jobs")
            if account.working is not None and used >= account.working - reserve:
                found.add("working")
        if not self.has_slots(subject):
            found.add("slots")
        if account.budget is not None and subject.promised is None:
            reserved = sum(s.promised or 0 for s in self.of(account.name))
            if account.spent + reserved + self.cost(subject) > account.budget + ROUNDING:
                found.add("account budget")
        allowed = self.allowed.get(subject.batch or "")
        if allowed is not None and subject.promised is None:
            assert subject.batch
            if self.committed(subject.batch) + self.cost(subject) > allowed + ROUNDING:
                found.add("budget")
        if "budget" not in found and self.waits_for_price(subject):
            found.add("price")
        return found

    def has_slots(self, subject: Subject) -> bool:
        """Return whether a waiter's slots are free: by the limit, and by what the API has said.

        Past the latter one request goes, in case that it is no longer so: a promotion, or a create if it was
        a create that the API has refused for want of slots.
        """
        account, endpoint = self.accounts[subject.account], subject.endpoint
        if not self.is_within(subject, account.slots or float("inf")):
            return False
        may_try = endpoint == "promote" or account.stops["create"].full
        tries = may_try and not self.under_way(account.name, endpoint)
        return tries or self.is_within(subject, self.seen(account))

    def is_within(self, subject: Subject, cap: float) -> bool:
        """Return whether slots of a cap are free; of one that keeps its own, whether the library has room."""
        account = self.accounts[subject.account]
        free = self.free_slots(account, cap)
        if not subject.reserved:
            return subject.need <= free
        return free >= 0 or len(account.identities) + len(self.under_way(account.name, "promote")) < cap

    def under_way(self, account: str, endpoint: str) -> list[Subject]:
        """Return who is granted a request of an endpoint, or waits for its answer."""
        return [s for s in self.of(account) if s.endpoint == endpoint and s.request]

    def waits_for_price(self, subject: Subject) -> bool:
        """Return whether a brief with a budget waits for the account's first job to tell what drafts cost."""
        account = self.accounts[subject.account]
        if subject.endpoint == "promote" or account.job_has_ended:
            return False
        has_budget = account.budget is not None or (subject.batch or "") in self.allowed
        return has_budget and any(name.startswith("brief:") for name in self.permits(account.name))

    def startable(self, account: str, now: int) -> list[Subject]:
        """Return the waiters that miss nothing."""
        return [s for s in self.of(account) if s.waits and not self.missing(s, now)]

    def may_start_at(self, subject: Subject, now: int) -> int | None:
        """Return the time when a waiter may start though nothing happens; None when something must."""
        missing = self.missing(subject, now)
        if not missing <= {"pause", "window", "working"}:
            return None
        account = self.accounts[subject.account]
        times = [now]
        if "pause" in missing:
            times += [account.stops["pause"].until, account.stops[subject.endpoint].until]
        if "working" in missing:
            times.append(account.working_until)
        if "window" in missing:
            window = self.window(account.name, subject.endpoint, now)
            ends = sorted(r.answered + MINUTE for r in window if r.answered is not None)
            too_many = len(window) - account.rates[subject.endpoint]
            if too_many >= len(ends):
                return None
            times.append(ends[too_many])
        return max(times)

    # What happens.

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
