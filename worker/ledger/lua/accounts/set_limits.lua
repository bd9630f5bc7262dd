-- set_limits: put an account's limits on record, and start whoever may start under them.
--
-- account, limits = {field = text}, by (who sets them)
-- Returns nothing.
--
-- Atomic: compared, set, written down who did it, and acted upon.
limit_changes.set(A.account, A.limits, A.by)
