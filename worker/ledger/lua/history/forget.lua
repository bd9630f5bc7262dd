-- forget: put on record that it is unknown what accounts have bought of late, as the server came back from a copy.
--
-- since = ms (or none: since the newest claim of a paid call on record), by, why
-- Returns since when, and the accounts.
--
-- Atomic, so that no account buys anything after another was told of.
local since = A.since or history.newest_claim()
local answer = history.forget_all(since, A.by, A.why)
table.insert(answer, 1, base.whole(since))
return answer
