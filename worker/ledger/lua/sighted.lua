-- sighted: put on record what the API says of a job that is nobody's.
--
-- account, job, facts = a text
-- Returns 1; 0 when it is somebody's by now, or was forgotten.
--
-- Atomic, so that nothing is kept of a job that was adopted meanwhile, and whoever may be its owner decides anew.
if not redis.call('ZSCORE', key('STRANGERS', A.account), A.job) then
    return 0
end
local facts = key('FACTS', A.account)
redis.call('HSET', facts, A.job, A.facts)
redis.call('PEXPIRE', facts, SETTING.stranger_ms)
has_seen_more(A.account)
return 1
