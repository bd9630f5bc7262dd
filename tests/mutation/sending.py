"""Guards of what is read from files and sent: nothing is bought twice, or for what nobody meant.

And of webhooks out: each event once, in its order, to whom it is for; no inside address; an end to all.
"""

from mutation.mutant import of

KILLED = ("tests/actors/deliverer/test_deliverer_killed.py",)
FAILING = ("tests/actors/deliverer/test_failing_endpoints.py",)
ROWS = ("tests/worker/hooks/test_rows.py",)
POSTED = ("tests/worker/hooks/test_posting.py",)
BY_HTTP = ("tests/web/v1/test_hooks_by_http.py",)
SIGNED = ("tests/worker/hooks/test_signing.py",)

MUTANTS = (
    *of("cli/sending/delivery.py", ("tests/worker/replicas/test_confirmed_briefs.py",),
        ("a brief counts as sent that a failover would lose", "its], settings.replicas", "its], 0"),
        ("a brief on record counts as sent that a failover would lose", "(shard), settings.replicas", "(shard), 0"),
    ),
    *of("cli/sending/files.py", ("tests/cli/sending/test_brief_folders.py", "-k", "named_twice"),
        ("the briefs of a file that is named twice are bought twice", "if (stands.st_dev, stands.st_ino) in self._seen:", "if False:"),
    ),
    *of("cli/sending/preparing.py", ("tests/cli/commands/briefs/test_enqueue.py", "-k", "two_different"),
        ("another brief of an id that was met is taken for the same", "    if met[0] == said:", "    if True:"),
    ),
    *of("cli/reading/tables/cells.py", ("tests/cli/reading/tables/test_cells.py",),
        ("a formula is taken for text", "        if found is None:\n            raise CellError(text, _A_FORMULA)", "        if found is None:\n            return text"),
        ("two thousand drafts are two", "(?!000$)", ""),
        ("zeros before a number are lost", "-?(0|[1-9]\\d{0,14})(", "-?(0*[0-9]\\d{0,14})("),
    ),
    *of("cli/sending/rejects.py", ("tests/cli/sending/test_rejects.py", "-k", "before_anything"),
        ("the rejects of another run are overwritten", "    if os.path.lexists(path):", "    if False:"),
    ),
    *of("worker/ledger/lua/hooks/hook_fan.lua", ROWS,
        ("two deliverers hand on the same events", "if cursor ~= A.after or", "if false or"),
    ),
    *of("worker/ledger/lua/hooks/hook_turn.lua", ROWS,
        ("what is given up while all fails is lost", "if each.outcome == 'failed' or is_paused then", "if each.outcome == 'failed' then"),
    ),
    *of("worker/ledger/lua/hooks/hook_turn.lua", KILLED,
        ("a message is done when it is claimed", "    if text then\n", "    if text then\n        endpoints.well(A.name)\n"),
    ),
    *of("worker/ledger/lua/hooks/hook_turn.lua", FAILING,
        ("a paused endpoint is sent to", "if paused or (tonumber(rest)", "if (tonumber(rest)"),
        ("a failing endpoint is sent everything at once", "(tonumber(failures) or 0) >= SETTING.hook_failures", "false"),
    ),
    *of("worker/ledger/lua/lib/endpoints.lua", ROWS,
        ("what is sent again comes in any order", "while place > (row.claim and 2 or 1) and comes_before(", "while false and comes_before("),
    ),
    *of("worker/ledger/lua/lib/endpoints.lua", FAILING,
        ("an endpoint that is gone is tried again", "if is_gone or call.now", "if call.now"),
        ("an event that was trimmed holds up its brief", "        redis.call('HINCRBY', key('HOOK', name), 'lost', 1)\n", "        return nil\n"),
    ),
    *of("worker/hooks/posting.py", POSTED,
        ("private addresses are called", "self._names, private=self._private)", "self._names, private=True)"),
        ("an answer is read to its end", "                    if left <= 0:\n", "                    if False:\n"),
    ),
    *of("worker/hooks/signing.py", SIGNED,
        ("an old secret signs for ever", "if each.until is None or now < each.until", "if True"),
    ),
    *of("web/v1/access.py", BY_HTTP,
        ("anybody with a token changes endpoints", "elif need is Need.ADMIN and not caller.may(Role.ADMIN):", "elif False:"),
    ),
    *of("web/v1/hooks.py", BY_HTTP,
        ("an endpoint leads out what its maker may not see", "        if not self._caller.accounts:\n", "        if True:\n"),
    ),
    *of("web/v1/intake.py", ("tests/web/v1/test_sending_by_http.py",),
        ("an id that another caller has sent is given twice", " or is_taken", ""),
    ),
    *of("web/v1/events.py", ("tests/web/v1/test_event_streams.py",),
        ("an account's events are of a brief called None", 'get("brief_id") or ""', 'get("brief_id")'),
    ),
    *of("web/v1/routes.py", ("tests/web/v1/test_statuses.py", "-k", "only_reads"),
        ("whoever only reads sends briefs", "            check_may(caller, of.need)\n", ""),
    ),
)  # fmt: skip
