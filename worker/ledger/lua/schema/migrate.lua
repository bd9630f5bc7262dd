-- migrate: bring the ledger a piece nearer to the schema of this release.
--
-- no arguments
-- Returns the schema that it is of, the oldest whose processes may work on it, and what is next: 'more', 'wait', 'none'.
--
-- Atomic, so that a piece and the place where the next one begins are written together.
local number, oldest, following = migrations.advance()
return {tostring(number), tostring(oldest), following}
