"""Guards of the records: what a move takes with it, who may move, what wakes whom, what an operator may say."""

from mutation.mutant import of

TESTS = ("tests/test_ledger.py", "tests/test_attempts.py")
STATES_TESTS = ("tests/test_states.py", *TESTS)

MUTANTS = (
    *of("worker/lua/advance.lua", TESTS,
        ("whoever was overtaken moves the record", "and unchanged(record, A.when) and not is_taken()", "and not is_taken()"),
        ("a paid call recorded twice is paid twice", "    if A.paid and is_on_record() then", "    if false then"),
        ("a paid call that is told late is in no journal", "        journal(brief_of(A.subject), '\"late\":true,' .. A.journal)\n", "        local _\n"),
        ("a second job is taken for the first", "job == A.subject or (answer == 'repeat' and unchanged(record, A.set))", "answer == 'repeat'"),
        ("a move is in no journal", "if A.journal then\n", "if false then\n"),
        ("nobody knows whose a job is", "    know_job(account, job, A.subject)\n", "    local _\n"),
        ("no move pauses anything", "if A.pause then", "if false then"),
    ),
    *of("worker/lua/note.lua", ("tests/test_attempts.py", "tests/test_reference.py", "tests/test_files.py"),
        ("a step that was overtaken notes", "not unchanged(record, A.when) then\n    -- What", "false then\n    -- What"),
        ("a note that was made is late", "if A.paid and not unchanged(record, A.set) then", "if A.paid then"),
        ("a paused account is called", "    if paused > NOW then", "    if false then"),
        ("what was begun is not forgotten", "if A.forget then", "if false then"),
        ("a step of several calls stops after one", "if A.again then", "if false then"),
        ("a note pauses nothing", "if A.pause then", "if false then"),
    ),
    *of("worker/lua/lib/5_records.lua", TESTS,
        ("an old timer outlives a move", "        redis.call('ZREM', KEY.TIMERS, subject)\n    end\n    local event", "    end\n    local event"),
        ("a move sets no timer", "        set_timer(subject, NOW + change.timer)\n", ""),
        ("a move is not told", "        emit(subject, event[1], event[2])\n", "        local _\n"),
        ("a move forgets nothing", "'hinted', unpack(change.forget or {}))", "'hinted')"),
        ("a queued step keeps the next one from being woken", "redis.call('HDEL', record, 'hinted', unpack(change.forget or {}))", "redis.call('HDEL', record, 'left_over', unpack(change.forget or {}))"),
        ("events before the answer are lost", "        redis.call('DEL', early)\n        hint(subject)\n", "        redis.call('DEL', early)\n"),
        ("events before the answer are never deleted", "    for _, id in ipairs(ids) do\n        handled(account, id)\n    end\n", ""),
        ("the journal has no times", "'{\"at\":' .. whole(NOW) .. ','", "'{'"),
        ("the last promotion does not end its brief", "            finish_promotion(subject)\n", "            local _\n"),
        ("a finished brief stays open", "            finish_brief(brief_of(subject))\n", "            local _\n"),
    ),
    *of("worker/lua/lib/5_records.lua", STATES_TESTS,
        ("a move to its own state is made again", "    if from == to then\n        return 'repeat', from, account\n    end\n", ""),
    ),
    *of("worker/lua/lib/5_endings.lua", TESTS,
        ("what is finished is kept for ever", "    keep(brief, 'PEXPIRE', SETTING.keep_ms)\n", ""),
        ("the list of the finished has no end", "    redis.call('ZREMRANGEBYSCORE', KEY.FINISHED, '-inf', whole(NOW - SETTING.keep_ms))\n", ""),
        ("a brief without an identity is done", "seen.ready and 'done' or 'failed'", "'done'"),
    ),
)  # fmt: skip
