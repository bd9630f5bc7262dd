-- forget: put on record that nobody knows what accounts have bought of late, as the server came back from a copy.
--
--   since    ms (or none: since the newest claim of a paid call that is on record)
--   by, why  who says so, and why
-- Returns since when, and the accounts.
--
-- Atomic: no account buys anything after another was told.
local since = A.since or history.newest_claim()
local answer = history.forget_all(since, A.by, A.why)
table.insert(answer, 1, base.whole(since))
return answer
