-- migrate: bring the ledger a piece nearer to the schema of this release.
--
-- It has no arguments.
-- Returns the schema that the ledger is of, the oldest schema whose processes may work on it, and what is next: 'more',
-- 'wait' or 'none'.
--
-- Atomic: a piece and the place where the next one begins are written together.
local number, oldest, following = migrations.advance()
return {tostring(number), tostring(oldest), following}
