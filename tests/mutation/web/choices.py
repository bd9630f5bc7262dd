"""Guards of a choice that is made again: no draft twice, and none in place of one whose promote may be under way."""

from mutation.mutant import of

TESTS = ("tests/worker/operations/test_choosing_again.py",)
HTTP_TESTS = ("tests/web/v1/choosing",)

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
    *of("worker/lifecycle/choosing.py", TESTS,
        ("a draft is chosen twice", "draft.usable and draft.image_result_id not in used", "draft.usable"),
    ),
    *of("worker/operations/picking.py", TESTS,
        ("what may have arrived is exchanged", "any(each[\"subject\"] == other for each in lost)", "False"),
    ),
    *of("worker/operations/picking.py", HTTP_TESTS,
        ("a choice made again costs its caller nothing", "if counting is not None and other is None:", "if False:"),
        ("a choice made again is counted by its draft", "#{brief.get('promotions')} {draft}", "{draft}"),
        ("two choices that come at once are counted as one", "#{brief.get('promotions')} {draft}", "#{brief.get('promotions')}"),
        ("of two choices that come at once the dearer is counted", "{brief_id} pick {ids}", "{brief_id} pick"),
        ("a pick that is refused stays counted", "not is_on_record(ledger, brief_id, picks)", "False"),
        ("a pick that was made is taken back", "not is_on_record(ledger, brief_id, picks)", "True"),
        ("a choice made again that is refused stays counted", "not _words_of(ledger, brief_id, draft, None)", "False"),
        ("a choice made again that was made is taken back", "not _words_of(ledger, brief_id, draft, None)", "True"),
        ("what a rule chose beside more picks costs nothing", "sum(each.instruction in pickable for each in chosen)", "len(set(picks))"),
        ("more drafts than instructions cost nothing", "if counting is not None and more > 0 else", "if False else"),
        ("what is said twice is said of another", "each.get(\"instead_of\") == instead_of", "True"),
    ),
    *of("worker/ledger/lua/tokens/count_choice.lua", HTTP_TESTS,
        ("a caller chooses for more than its credits", "+ more > A.most + 0.000001", "< 0"),
        ("a choice that is sent twice is counted twice", "tonumber(redis.call('HGET', each, A.choice) or 0)", "0"),
        ("who counts after another is not noted", "    redis.call('HSET', each, 'by ' .. A.choice, A.counter)\n", ""),
    ),
    *of("worker/ledger/lua/tokens/uncount_choice.lua", HTTP_TESTS,
        ("what another run counts on is taken back", "if cost and counter == A.counter then", "if cost then"),
        ("it is taken back twice", "    redis.call('HDEL', each, A.choice, 'by ' .. A.choice)\n", ""),
    ),
)  # fmt: skip
