-- compare: tell what would become of briefs if they arrived now.
--
--   arrivals  {arrival, ...} (worker/ledger/lua/lib/briefs/arrivals.lua)
-- Returns for each what `accept` would.
--
-- Atomic: all answers are of one moment. Nothing is changed: a worker decides later, and may find it otherwise.
-- Flag: no-writes
local answers = {}
for n, arrival in ipairs(A.arrivals) do
    local outcome, state, paths = arrivals.outcome_of(arrival)
    local is_new = outcome == 'accepted' or outcome == 'replaced'
    answers[n] = {outcome, state, is_new and journal.bought_before(arrival.set.content) or '', unpack(paths)}
end
return answers
