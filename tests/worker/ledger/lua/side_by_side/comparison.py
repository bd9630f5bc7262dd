"""What Redis holds of all accounts, compared with what the model says that it holds."""

from typing import Any

from side_by_side.seen import ENDPOINTS, Looking, Seen
from side_by_side.subjects import MINUTE, Account, Subject

from benchmarks.caps.virtual import admission
from config import durations
from worker.ledger import commands

#: How many waiters behind the first one the functions look at.
LOOK_PAST = 50
BUSY = round(durations.BUSY_AGAIN_SECONDS * 1000)
RECOUNT = round(durations.COUNT_SOON_SECONDS * 1000)


class Comparison(Looking):
    """Accounts and batches, where all that is held is as the model says."""

    def look(self) -> None:
        """Read all that Redis holds, let the model grant what was granted, and compare."""
        self.sound = False
        seen, parked, budgets, promised, self.timers = self.read()
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
