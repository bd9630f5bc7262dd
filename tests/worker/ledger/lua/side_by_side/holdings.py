"""What the model says is held, by whom, and what a waiter still misses.

Nothing here is counted up and down. Who holds what follows from where everybody stands, and what the server
may have counted follows from the list of requests; the functions keep counts, and are compared with this.
Times are ms.
"""

from side_by_side.subjects import HAS_JOB, MINUTE, PROMOTION, ROUNDING, Account, Request, Subject


class Holdings:
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
