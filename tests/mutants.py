"""Break each guard of the permits and of uncertain creates by hand and see that a test notices: `make mutants`.

Each mutation is applied to a copy of the project, in which the tests of what it breaks are run; a mutant that
passes them is a rule that nobody tests. Prints a table; exits 1 when one survived or no longer applies.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
#: What the tests need of the project.
NEEDED = ("actors", "benchmarks", "cli", "config", "sandbox", "tests", "web", "worker", "pyproject.toml")
PERMITS_TESTS = (
    "tests/model/test_permits_found.py",
    "tests/model/test_permits_fair.py",
    "tests/model/test_permits_model.py",
)
CREATES_TESTS = ("tests/test_adopting.py", "tests/test_streams.py", "tests/test_uncertain.py")
#: Seconds that the tests may take on one mutant: one that never ends is noticed, too.
PATIENCE = 300
AT_ONCE = 2


class Mutant(NamedTuple):
    """One mutation: in a file under `worker/lua/`, a text that stands there once, and what it becomes."""

    what: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...] = PERMITS_TESTS


def of_creates(what: str, file: str, before: str, after: str) -> Mutant:
    """Return a mutation of what finds out the outcome of creates."""
    return Mutant(what, file, before, after, CREATES_TESTS)


PERMITS = "lib/4_permits.lua"
ACCOUNT = "lib/3_account.lua"
CHOICE = "lib/6_choice.lua"
BUDGET = "lib/3_budget.lua"
FAIR = "lib/3_fair.lua"
RECORDS = "lib/5_records.lua"
STRANGERS = "lib/4_strangers.lua"
STREAM = "followed.lua"
ADOPTING = "../adopting.py"

MUTANTS = (
    Mutant("one job more than the cap", PERMITS, "< cap - reserve then", "<= cap - reserve then"),
    Mutant("one job less than the cap", PERMITS, "< cap - reserve then", "< cap - reserve - 1 then"),
    Mutant("no express share", PERMITS, "limits.express or 0", "0"),
    Mutant("the express share also keeps urgent briefs out", PERMITS, "and not is_urgent(place)) and", ") and"),
    Mutant("priority 0 is urgent", FAIR, "return place < 0", "return place <= 0"),
    Mutant(
        "whoever passes one without slots takes the express share", PERMITS,
        "return room and look_past[n] or nil, later", "return look_past[n]",
    ),
    Mutant("preprocessing needs a permit though it does not count", PERMITS, "and not SETTING.preprocessing_counts then", "and false then"),
    Mutant("one request more in a window", PERMITS, "redis.call('ZCARD', window) < rate then", "redis.call('ZCARD', window) <= rate then"),
    Mutant("a window counts from the request's grant", PERMITS, "'+inf', subject)\n    redis.call('PERSIST'", "whole(NOW + SETTING.window_ms), subject)\n    redis.call('PERSIST'"),
    Mutant("a window ends a ms too early", PERMITS, "whole(NOW_AT_MOST + SETTING.window_ms)", "whole(NOW_AT_MOST + SETTING.window_ms - 1)"),
    Mutant("a window ends a ms too late", PERMITS, "redis.call('ZREMRANGEBYSCORE', window, '-inf', whole(NOW))", "redis.call('ZREMRANGEBYSCORE', window, '-inf', whole(NOW - 1))"),
    Mutant("an answered request does not count", PERMITS, "== 1 and counted then", "== 1 and false then"),
    Mutant("a request that never left counts", PERMITS, "== 1 and counted then", "== 1 then"),
    Mutant("a window vanishes under a request", PERMITS, "    redis.call('PERSIST', window)\n", ""),
    Mutant("after a refusal all go at once", PERMITS, "if limits.probing[endpoint] and", "if false and"),
    Mutant("nobody goes first after a refusal", PERMITS, "redis.call('ZCOUNT', window, '+inf', '+inf') > 0 then", "redis.call('ZCOUNT', window, '+inf', '+inf') >= 0 then"),
    Mutant("a full window sets no timer", PERMITS, "return false, first < math.huge and first or nil", "return false"),
    Mutant("a pause lasts a ms too long", PERMITS, "limits.pause[endpoint] > NOW then", "limits.pause[endpoint] >= NOW then"),
    Mutant("a pause is not kept", PERMITS, "limits.pause[endpoint] > NOW then", "false then"),
    Mutant("a pause sets no timer", PERMITS, "        return nil, limits.pause[endpoint]", "        return nil"),
    Mutant("a full library under a pause is not counted again soon", PERMITS, "if limits.full[endpoint] then", "if false then"),
    Mutant("one slot more than there are", PERMITS, "'need')) or 1) <= free\n", "'need')) or 1) <= free + 1\n"),
    Mutant("one slot less than there are", PERMITS, "'need')) or 1) <= free\n", "'need')) or 1) < free\n"),
    Mutant("identities in the library take no slot", PERMITS, "local used = redis.call('ZCARD', key('IDENTITIES', account))", "local used = 0"),
    Mutant("reserved slots are free", PERMITS, "        used = used + reserved\n", ""),
    Mutant("an account without slots' cap has none", PERMITS, "    if cap == 0 then\n        return math.huge\n    end\n", ""),
    Mutant("slots already kept are asked for again", PERMITS, "redis.call('HEXISTS', key('SLOTS', account), subject) == 0 then", "true then"),
    Mutant("kept slots serve in a full library", PERMITS, "if free >= 0 then", "if true then"),
    Mutant("kept slots serve only when all are there", PERMITS, "+ under_way < cap", "+ under_way < 0"),
    Mutant("promotions under way take no slot", PERMITS, "key('IDENTITIES', account)) + under_way < cap", "key('IDENTITIES', account)) < cap"),
    Mutant("nobody passes one that lacks slots", PERMITS, "0, LOOK_PAST, 'WITHSCORES')\n    for n = 1, #look_past", "0, 0, 'WITHSCORES')\n    for n = 1, #look_past"),
    Mutant("the look past has no end", BUDGET, "local LOOK_PAST = 50", "local LOOK_PAST = 500"),
    Mutant("a lack of slots is not looked into soon", PERMITS, "        set_timer_sooner('library:' .. account, NOW + SETTING.recount_ms)\n    end\n    return nil", "    end\n    return nil"),
    Mutant("slots are not reserved before the drafts are bought", PERMITS, "    redis.call('HSETNX', key('SLOTS', account), subject, redis.call('HGET', record, 'need') or 1)\n", ""),
    Mutant("only the first parked brief is looked at", BUDGET, "key('PARKED', batch), 0, LOOK_PAST,", "key('PARKED', batch), 0, 0,"),
    Mutant("parked briefs of another account wait in this one", BUDGET, "local own = redis.call('HGET', record_of(subject), 'account')", "local own = account"),
    Mutant("another account is not told of its parked briefs", BUDGET, "                set_timer('account:' .. own, NOW)\n", ""),
    Mutant("a batch may start what its budget cannot pay", PERMITS, "if not fits_budget(account, subject, batch) then", "if false then"),
    Mutant("a budget may not be used up", BUDGET, "cost_of(account, subject) <= budget_left(batch)", "cost_of(account, subject) < budget_left(batch)"),
    Mutant("promised credits are free", BUDGET, "        left = left - credits\n", ""),
    Mutant("spent credits are free", BUDGET, "allowed - spent_of(batch)", "allowed"),
    Mutant("drafts cost nothing", BUDGET, " + draft_price(account) * (tonumber(got[2]) or 1)", ""),
    Mutant("a start promises nothing", PERMITS, "        promise(account, subject, batch)\n", ""),
    Mutant("what was promised is never given back", RECORDS, "redis.call('HDEL', key('PROMISED', batch), subject) == 1 then", "false then"),
    Mutant("promotions cost nothing", RECORDS, "        spend(batch, PROMOTION)\n", ""),
    Mutant("creations go before promotions", ACCOUNT, "{'promote', 'create'}", "{'create', 'promote'}"),
    Mutant("a granted subject still waits", PERMITS, "    redis.call('ZREM', waiting, subject)\n    local window", "    local window"),
    Mutant("a grant takes no job permit", PERMITS, "        redis.call('ZADD', key('PERMITS', account), whole(NOW), subject)\n", ""),
    Mutant("a grant is not told", PERMITS, "    send_step(record, STATES[kind][WAITS[kind].state].actor, subject)\n", ""),
    Mutant("a grant sets no timer", PERMITS, "    set_timer(subject, NOW + SETTING.grant_ms)\n", ""),
    Mutant("one starts where more may", PERMITS, "        while subject do", "        if subject then"),
    Mutant("no timer for the next look", PERMITS, "        set_timer('account:' .. account, later)\n", ""),
    Mutant("the later of two looks", PERMITS, "not later or look < later", "not later or look > later"),
    Mutant("a request begins without a grant", RECORDS, "and not is_granted(account, subject) then", "and false then"),
    Mutant("any move is allowed", RECORDS, "if not from or not STATES[kind][from].moves[to] then", "if not from then"),
    Mutant("a permit outlives its job", RECORDS, "        redis.call('ZREM', key('PERMITS', account), subject)\n", ""),
    Mutant("a job that was found holds no permit", RECORDS, "        redis.call('ZADD', key('PERMITS', account), 'NX', whole(NOW), subject)\n", ""),
    Mutant("slots outlive their brief", RECORDS, "        redis.call('HDEL', key('SLOTS', account), subject)\n", ""),
    Mutant("a lost slot is reserved again", RECORDS, "elseif from ~= 'preprocessing' or free_slots(account, limits_of(account).slots) > 0 then", "else"),
    Mutant("who is sent back does not wait", RECORDS, "    if to == waits.state then\n", "    if false then\n"),
    Mutant("who gives up still waits", RECORDS, "        redis.call('ZREM', key('WAITING', account, waits.endpoint), subject)\n", ""),
    Mutant("who gives up stays parked", RECORDS, "            take_parked(account, subject, batch)\n", ""),
    Mutant("a grant that is given up stays in the window", RECORDS, "            settle(account, subject, false) -- granted", "            -- granted"),
    Mutant("an identity takes no slot", RECORDS, "        redis.call('ZADD', key('IDENTITIES', account), whole(NOW), code)\n", ""),
    Mutant("a failed identity keeps its slot", RECORDS, "        redis.call('ZREM', key('IDENTITIES', account), code)\n", ""),
    Mutant("a move does not hand on what it frees", "advance.lua", "admit(account)\n", ""),
    Mutant("a plan does not ask for permits", "plan.lua", "    admit(redis.call('HGET', record_of(subject), 'account'))\n", ""),
    Mutant("slots of a brief do not pass to its promotions", CHOICE, "            redis.call('HSET', key('SLOTS', account), promotion, 1)\n", ""),
    Mutant("more promotions get slots than were reserved", CHOICE, "if n <= reserved then", "if n <= reserved + 1 then"),
    Mutant("promises do not pass to promotions", CHOICE, "if promised then", "if false then"),
    Mutant("planned promotions do not wait", CHOICE, "        redis.call('ZADD', key('WAITING', account, 'promote'), place, promotion)\n", ""),
    Mutant("a job's permit is handed on before its promotions ask", "advance.lua", "if A.promotions then\n", "if A.promotions then\n    admit(account)\n"),
    Mutant("a choice made at once is not planned", "advance.lua", "    plan(A.subject, A.promotions)\n", ""),
    Mutant("higher limits start nobody", "limits.lua", "admit(A.account)\n", ""),
    Mutant("a higher budget starts nobody", "budget.lua", "unpark(A.account, A.batch)\n", ""),
    Mutant("lifted pauses start nobody", "resume.lua", "admit(A.account)\n", ""),
    Mutant("deleted identities start nobody", "library.lua", "admit(A.account)\n", ""),
    Mutant("deleted identities keep their slots", "library.lua", "if not listed[code] then", "if false then"),
    Mutant("a list hides identities newer than itself", "library.lua", "identities, '-inf', whole(A.since))", "identities, '-inf', '+inf')"),
    Mutant("listed identities are not counted", "library.lua", "    redis.call('ZADD', identities, 'NX', whole(A.since), code)\n", ""),
    Mutant("no room is made where an identity was deleted", "library.lua", "        make_room(A.account)\n", ""),
    Mutant("an account's timer starts nobody", "due.lua", "        admit(string.match(subject, ':(.*)'))\n    elseif kind == 'library'", "    elseif kind == 'library'"),
    Mutant("a failed count is not repeated soon", "due.lua", "        admit(string.match(subject, ':(.*)'))\n    elseif state", "    elseif state"),
    Mutant("a woken step is not woken again", "due.lua", "redis.call('ZADD', KEY.TIMERS, whole(NOW + SETTING.again_ms), subject)", "redis.call('ZREM', KEY.TIMERS, subject)"),
    Mutant("a pause does not grow", ACCOUNT, "        count = count + 1\n", "        count = 1\n"),
    Mutant("requests refused together double the pause", ACCOUNT, "if count == 0 or granted_at >= before then", "if true then"),
    Mutant("a pause grows without end", ACCOUNT, "math.max(ms, SETTING.pause_most_ms)", "math.huge"),
    Mutant("a short pause cuts a longer one short", ACCOUNT, "whole(math.max(before, NOW + growing))", "whole(NOW + growing)"),
    Mutant("a short cool-down cuts a longer one short", ACCOUNT, "if NOW + ms > before then", "if true then"),
    Mutant("an earlier request's answer lifts a pause", ACCOUNT, "if granted_at >= (tonumber(", "if true or granted_at >= (tonumber("),
    Mutant("an answer does not lift the pause", ACCOUNT, "            lift(account, what)\n", ""),
    Mutant("no answer lifts the pause", "advance.lua", " and A.to ~= waits.state and A.to ~= 'uncertain' then", " then"),
    Mutant("the jobs of others are not made room for", ACCOUNT, "    if not limits.working then\n", "    if true then\n"),
    Mutant("one more job is never tried", ACCOUNT, "if NOW >= limits.working_until then", "if false then"),
    Mutant("one more job is tried at once", ACCOUNT, "if NOW >= limits.working_until then", "if true then"),
    Mutant("two more jobs are tried", ACCOUNT, "limits.working = limits.working + 1", "limits.working = limits.working + 2"),
    Mutant("the working limit outgrows the cap", ACCOUNT, "if limits.working >= cap then", "if false then"),
    Mutant("an unclear 429 is one of the rate", ACCOUNT, "(rate > 0 and sent < rate) and 'jobs' or 'rate'", "'rate'"),
    Mutant("an unclear 429 is one of the jobs", ACCOUNT, "(rate > 0 and sent < rate) and 'jobs' or 'rate'", "'jobs'"),
    Mutant("ended requests count in an unclear 429", ACCOUNT, "'(' .. whole(NOW), '+inf')", "'-inf', '+inf')"),
    Mutant("Retry-After is not honoured", ACCOUNT, "ms or SETTING.window_ms", "SETTING.window_ms"),
    Mutant("a pause of the account is none of its endpoints", ACCOUNT, "math.max(all, of.create_until or 0)", "(of.create_until or 0)"),
    Mutant("priority does not count", FAIR, "whole(start - priority * PRIORITY)", "whole(start)"),
    Mutant("a waiter without a record is granted a permit", PERMITS, "        forget(account, subject)\n        return next_to_start(account, endpoint, limits)\n", ""),
    Mutant("first come, first served", FAIR, "math.max(1, SHARE / weight)", "1"),
    Mutant("weights do not count", FAIR, "SHARE / weight", "SHARE"),
    Mutant("why forgets a pause", "why.lua", "if (tonumber(till) or 0) > NOW then", "if false then"),
    Mutant("why tells a pause that is over", "why.lua", "if (tonumber(till) or 0) > NOW then", "if (tonumber(till) or 0) >= NOW then"),
    Mutant("why forgets a full window", "why.lua", "lacks(full and 'request' or 'probe',", "lacks('probe',"),
    Mutant("why forgets a probe", "why.lua", "lacks(full and 'request' or 'probe',", "lacks('request',"),
    Mutant("why forgets the jobs", "why.lua", "lacks('job', {", "local _ = ({"),
    Mutant("why takes a working limit for lifted that is due", "why.lua", "limits.working + 1, NOW + SETTING.busy_ms", "nil, nil"),
    Mutant("why forgets the slots", "why.lua", "if not has_slots(account, A.subject, free, limits.slots) then", "if false then"),
    Mutant("why forgets the budget", "why.lua", "if not fits_budget(account, A.subject, batch) then", "if false then"),
    Mutant("who was away makes up for it", FAIR, "math.max(virtual, tonumber(", "math.max(0, tonumber("),
    Mutant("the virtual time stands still", FAIR, "if start > virtual_time(account, priority) then", "if false then"),
    Mutant("whoever is behind forgets it", FAIR, "'-inf', whole(virtual))", "'-inf', '+inf')"),
    of_creates("a replay that came too late makes up for an absence", STREAM, "<= SETTING.span_ms then", "<= SETTING.span_ms + 1 then"),
    of_creates("a replay makes up for nothing", STREAM, "<= SETTING.span_ms then", "< 0 then"),
    of_creates("live events count as a replay", STREAM, "stretch('replayed_since', 'replayed_at')", "stretch('replayed_since', 'heard_at')"),
    of_creates("what could not be read breaks nothing", STREAM, "'unbroken_since', now, 'replayed_since', now, 'unread_at', now,", "'unread_at', now,"),
    of_creates("a replay reaches past what could not be read", STREAM, "tonumber(got[3]) or 0", "0"),
    of_creates("whoever lost the lease writes the record", STREAM, "~= A.listener then", "== nil then"),
    of_creates("the stream is not opened again for its replay", STREAM, "and 1 or 0", "and 0 or 0"),
    of_creates("what was decided before is done", STRANGERS, "not sightings or tonumber(", "true or tonumber("),
    of_creates("a new job is no news", STRANGERS, "'sightings', 1)", "'sightings', 0)"),
    of_creates("a replayed event is news", "wake.lua", "if not redis.call('LPOS', early, A.event) then", "if true then"),
    of_creates("a job that was adopted stays nobody's", STRANGERS, "    redis.call('ZREM', key('STRANGERS', account), job)\n", ""),
    of_creates("facts outlive their job", STRANGERS, "    redis.call('HDEL', key('FACTS', account), job)\n", ""),
    of_creates("a job is forgotten too early", STRANGERS, "'-inf', whole(NOW - SETTING.stranger_ms), 'LIMIT'", "'-inf', whole(NOW - SETTING.stranger_ms + 1), 'LIMIT'"),
    of_creates("facts are kept of anybody's job", "sighted.lua", "if not redis.call('ZSCORE'", "if false and not redis.call('ZSCORE'"),
    of_creates("a create under way may own no job", STRANGERS, "        redis.call('ZADD', unclear, whole(NOW), attempt)\n", ""),
    of_creates("a known create may own another job", STRANGERS, "        redis.call('ZREM', unclear, attempt)\n", ""),
    of_creates("what was given up owns no job", STRANGERS, "(to ~= 'uncertain' and (change.settle or change.sightings))", "to ~= 'uncertain'"),
    of_creates("a job is adopted twice", "advance.lua", "not is_taken() and", "true and"),
    of_creates("nobody is woken by a new job", STRANGERS, "    wake_uncertain(account)\n", ""),
    of_creates("a job of another kind is adopted", ADOPTING, 'or job.kind not in ("", CREATION):', "or False:"),
    of_creates("a job seen before the call is adopted", ADOPTING, "if job.seen_at < self.began_at or", "if"),
    of_creates("a job with more drafts is adopted", ADOPTING, "any(m > a for m, a in zip(made, asked, strict=False))", "False"),
    of_creates("a job with more instructions is adopted", ADOPTING, "len(made) > len(asked) or", ""),
    of_creates("a job that still runs is adopted", ADOPTING, "if not job.kind or not job.is_over:", "if not job.kind:"),
    of_creates("a job of nobody knows what is adopted", ADOPTING, "if not job.kind or not job.is_over:", "if not job.is_over:"),
    of_creates("when a job was made does not count", ADOPTING, "and self.is_in_time(job) is not False", ""),
    of_creates("one of two jobs is chosen", ADOPTING, "    if len(own) > len(alike):\n        return None\n", ""),
    of_creates("one of two briefs is chosen", ADOPTING, "if not any(other.may_own(job) for other in others)", "if others is not None"),
    of_creates("any body is alike", ADOPTING, "other.fingerprint == create.fingerprint and", ""),
    of_creates("alike at another time", ADOPTING, " and _candidates(other, jobs) == own", ""),
    of_creates("adopted at once, whenever the call ended", ADOPTING, "(create.end_known and create.is_in_time(job))", "create.is_in_time(job)"),
    of_creates("adopted at once, whenever the job was made", ADOPTING, "(create.end_known and create.is_in_time(job))", "create.end_known"),
    of_creates("sent again before its job must be over", ADOPTING, "    if evidence.now < over_at:\n        return Wait()\n", ""),
    of_creates("sent again though a job may be its own", ADOPTING, "    if not possible:\n", "    if True:\n"),
    of_creates("sent again without a later replay", ADOPTING, "(evidence.stream.replayed_at or 0) >= over_at", "True"),
    of_creates("sent again after a gap", ADOPTING, " and since <= create.began_at", ""),
    of_creates("sent again where the stream tells nothing", ADOPTING, "stream.told_at is not None and ", ""),
    of_creates("sent again when all was forgotten", ADOPTING, "if evidence.now - create.began_at > STRANGER:", "if False:"),
    of_creates("a replay is waited for without end", ADOPTING, "return Wait() if still else", "return Wait() if True else"),
)  # fmt: skip


class Result(NamedTuple):
    """What came of a mutant: the first test that noticed it, or why there is none."""

    mutant: Mutant
    killed: bool
    by: str


def try_(mutant: Mutant) -> Result:
    """Run the tests on a mutant."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for part in NEEDED:
            target = copy / part
            target.parent.mkdir(parents=True, exist_ok=True)
            source = ROOT / part
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        script = copy / "worker" / "lua" / mutant.file
        text = script.read_text(encoding="utf-8")
        if text.count(mutant.before) != 1:
            return Result(mutant, False, f"stands {text.count(mutant.before)} times in {mutant.file}")
        script.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")
        return _run(mutant, copy)


def _run(mutant: Mutant, copy: Path) -> Result:
    environment = os.environ | {"PYTHONPATH": str(copy), "IDENTITY_WORKER_TEST_NO_SHRINK": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "--tb=line", "-p", "no:cacheprovider", *mutant.tests]
    try:
        ran = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return Result(mutant, True, f"not done after {PATIENCE} s")
    failed = re.search(r"^FAILED \S+::(\S+)", ran.stdout, re.MULTILINE)
    if ran.returncode == 0:
        return Result(mutant, False, "survived")
    return Result(mutant, failed is not None, failed.group(1) if failed else "the tests did not run")


def main(words: list[str]) -> int:
    """Try all mutants, or those whose description holds one of the words."""
    chosen = [m for m in MUTANTS if not words or any(word in m.what for word in words)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = []
        for result in pool.map(try_, chosen):
            results.append(result)
            print(f"{'killed' if result.killed else 'ALIVE '}  {result.mutant.what}: {result.by}", flush=True)
    alive = [result for result in results if not result.killed]
    print(f"{len(results) - len(alive)} of {len(results)} mutants were noticed")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
