-- observe: put on record what the API says of an unclaimed job.
--
-- account, job, facts = a text
-- Returns 1; 0 when it is somebody's by now, or was forgotten.
--
-- Atomic, so that nothing is kept of a job that was adopted meanwhile, and whoever may be its owner decides anew.
if not redis.call('ZSCORE', base.key('STRANGERS', A.account), A.job) then
    return 0
end
local facts = base.key('FACTS', A.account)
redis.call('HSET', facts, A.job, A.facts)
redis.call('PEXPIRE', facts, SETTING.stranger_ms)
unclaimed.has_seen_more(A.account)
return 1
