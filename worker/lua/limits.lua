-- limits: put an account's limits on record, and start whoever may start under them.
--
-- account, limits = {field = text}, by (who or what sets them), file = the limits' text when they come from the
-- configuration (or none)
-- Returns 1 when something was set; 0 when the configuration says what it said before: changes made while
-- running outlive a restart, until the configuration itself changes.
--
-- Atomic: compared, set, written down who did it, and acted upon.
local record = account_record(A.account)
if not redis.call('ZSCORE', KEY.TIMERS, 'library:' .. A.account) then
    set_timer('library:' .. A.account, NOW)
end
if A.file then
    if redis.call('HGET', record, 'configured') == A.file then
        return 0
    end
    redis.call('HSET', record, 'configured', A.file)
end
put(record, A.limits, {})
local change = cjson.encode({at = NOW, by = A.by, limits = A.limits})
redis.call('LPUSH', key('CHANGES', A.account), change)
redis.call('LTRIM', key('CHANGES', A.account), 0, 99)
admit(A.account)
return 1
