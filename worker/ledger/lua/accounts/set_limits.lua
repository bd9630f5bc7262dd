-- set_limits: put an account's limits on record, and start whoever may start under them.
--
--   account
--   limits   {field = text}
--   by, why  who sets them, and why (or none)
--   removed  {field, ...} that are not set any more (or none)
--   when     {field = text} that must still hold ('' is one that is not set; or none)
--   undoes   the time of the change that this takes back (or none)
-- Returns 1; 0 when `when` does not hold.
--
-- Atomic: compared, set, written down who did it and what was before, and acted upon.
local told = {by = A.by, undoes = A.undoes}
told['why'] = A.why -- which is a command's name as well
return limit_changes.set(A.account, A.limits, A.removed or {}, A.when, told) and 1 or 0
