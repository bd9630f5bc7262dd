"""Guards of what arrives: which two briefs are the same, what may be replaced, what is told and remembered."""

from mutation.mutant import of

TESTS = (
    "tests/worker/ledger/test_arrivals.py",
    "tests/worker/ledger/test_arrivals_repeated.py",
)
UPDATE_TESTS = ("tests/worker/operations/test_updating.py",)

MUTANTS = (
    *of("worker/ledger/lua/lib/briefs/arrivals.lua", TESTS,
        ("what was paid for is replaced", "not job and journal.cost_nothing(brief)\nend", "not job\nend"),
        ("a brief that runs is replaced", "return FREE[state] and not", "return not"),
        ("of an object that is compared half is left out", "        if not ones[path] then\n", "        if false then\n"),
        ("a message that was accepted is bad for an older worker", "if #paths == 0 or (breaks_rules", "if #paths == 0 or (false"),
        ("a conflict that is run again is told twice", "error = 'another brief has its id'})) == 0 then", "error = 'another brief has its id'})) == 2 then"),
        ("what took a place numbers its events anew", "events = known.events, ", ""),
        ("what took a place numbers its attempts anew", ", grants = known.grants}", "}"),
        ("earlier briefs have no end", "    while #earlier > MOST_EARLIER do", "    while false do"),
        ("who was replaced stays in its batch", "        redis.call('ZREM', key('BATCH', known.batch), brief)\n", "        local _\n"),
    ),
    *of("worker/ledger/lua/lib/briefs/journal.lua", TESTS,
        ("what may have been paid for is replaced", "            open[which] = true\n", "            local _\n"),
    ),
    *of("worker/ledger/lua/lib/briefs/arrivals.lua", TESTS,
        ("who was replaced is finished", "    redis.call('ZREM', KEY.FINISHED, brief)\n", ""),
    ),
    *of("worker/ledger/records.py", TESTS,
        ("who read the brief before moves the one in its place", 'return {"accepted_at": self.fields.get("accepted_at", "")}', "return {}"),
    ),
    *of("worker/operations/operator.py", TESTS,
        ("who read the brief before cancels the one in its place", " else brief.same_brief", " else None"),
    ),
    *of("worker/ledger/lua/briefs/advance.lua", UPDATE_TESTS,
        ("what was bought late is forgotten", "        if A.to == base.product_of(A.subject).running and account then", "        if false then"),
    ),
    *of("worker/ledger/lua/lib/briefs/endings.lua", UPDATE_TESTS,
        ("what was bought is remembered for ever", "        redis.call('PEXPIRE', key('CONTENT', content), SETTING.content_ms)\n    end\n    local batch", "    end\n    local batch"),
    ),
    *of("worker/ledger/lua/briefs/update.lua", UPDATE_TESTS,
        ("of two who update one is forgotten", "or not base.unchanged(record, A.when) then", "then"),
        ("what is promised stays with the old batch", "        budget.reserve(account, its, batch, credits)\n", "        local _\n"),
        ("a parked brief stays parked", "        if redis.call('ZSCORE', base.key('PARKED', before), its) then", "        if false then"),
        ("nobody of the old batch starts", "        budget.unpark(account, before)\n", ""),
        ("a new priority is no new place", "if batch ~= before or A.priority then", "if batch ~= before then"),
    ),
)  # fmt: skip
