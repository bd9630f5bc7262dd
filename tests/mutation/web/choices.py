"""Guards of a choice that is made again: no draft twice, and none in place of one whose promote may be under way."""

from mutation.mutant import of

TESTS = ("tests/worker/operations/test_choosing_again.py",)

MUTANTS = (
    *of("worker/ledger/lua/briefs/choose_again.lua", TESTS,
        ("of two who choose again both are obeyed", "if not base.unchanged(base.record_of(subject), A.when) or", "if"),
        ("a draft is chosen again of a brief that is to end", " or stops.requested(subject) then", " then"),
    ),
    *of("worker/ledger/lua/lib/briefs/choice.lua", TESTS,
        ("a promotion is exchanged whose request is granted", "permits.is_granted(account, promotion) or capacity.holds_job(account, promotion)", "false"),
        ("one more has no end", "    records.add(record, 'unfinished', 1)\n", ""),
        ("one more is not counted among its brief's", "    records.add(record, 'promotions', 1)\n", ""),
    ),
    *of("worker/operations/picking.py", TESTS,
        ("a draft is chosen twice", "draft.usable and draft.image_result_id not in used", "draft.usable"),
    ),
)  # fmt: skip
