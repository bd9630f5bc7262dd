"""Guards of a choice that is made again: no draft twice, and none in place of one whose promote may be under way."""

from mutation.mutant import of

TESTS = ("tests/worker/operations/test_choosing_again.py",)
HTTP_TESTS = ("tests/web/v1/test_choosing_by_http.py",)

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
    *of("worker/operations/picking.py", HTTP_TESTS,
        ("a choice made again costs its caller nothing", "if counting is not None and other is None:", "if False:"),
        ("a choice made again is counted by its draft", "#{brief.get('promotions')}", "{draft}"),
        ("what a rule chose beside more picks costs nothing", "sum(each.instruction in pickable for each in chosen)", "len(set(picks))"),
        ("more drafts than instructions cost nothing", "if counting is not None and more > 0:", "if False:"),
        ("what is said twice is said of another", "each.get(\"instead_of\") == wanted", "True"),
    ),
    *of("worker/ledger/lua/tokens/count_choice.lua", HTTP_TESTS,
        ("a caller chooses for more than its credits", "+ more > A.most + 0.000001", "< 0"),
        ("a choice that is sent twice is counted twice", "tonumber(redis.call('HGET', each, A.choice) or 0)", "0"),
    ),
)  # fmt: skip
