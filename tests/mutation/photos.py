"""Guards of photos: what a description may cost, and that a portrait is imported once."""

from mutation.mutant import of

IMPORT_TESTS = ("tests/actors/reference/test_import.py",)
DESCRIPTION_TESTS = ("tests/actors/reference/test_description_budget.py",)

MUTANTS = (
    *of("worker/ledger/lua/briefs/note.lua", DESCRIPTION_TESTS,
        ("a description goes beyond its budget", "if A.reserve and not budget", "if false and not budget"),
        ("what a description has cost is not spent", "    budget.spend(account, batch, A.spend, 'extract')\n", ""),
        ("what was reserved for a description stays so", "    budget.release(account, A.subject)\n", ""),
    ),
    *of("worker/ledger/lua/lib/base.lua", IMPORT_TESTS,
        ("an import costs what a promotion does", "and 0 or cost", "and cost"),
    ),
    *of("worker/lifecycle/importing.py", IMPORT_TESTS,
        ("any identity of its name is an import's own", "if _stem(identity.original_filename) == _stem(file):", "if True:"),
    ),
    *of("actors/error_handling.py", IMPORT_TESTS,
        ("a lost import is sent without a look", "        return bool(lost)", "        return False"),
    ),
    *of("worker/ledger/lua/accounts/budget.lua", DESCRIPTION_TESTS,
        ("a raised budget wakes no description", "backoff.wake_preparing(A.account)\n", ""),
    ),
    *of("worker/ledger/lua/lib/briefs/holdings.lua", DESCRIPTION_TESTS,
        ("a lost description is free again", "if to ~= 'held' then\n            budget", "if true then\n            budget"),
        ("a refused description stays reserved", "            budget.release(account, subject) -- else", "            -- else"),
    ),
)  # fmt: skip
