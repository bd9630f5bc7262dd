-- observe: put on record what the API says of an unclaimed job.
--
--   account, job
--   snapshot  what it says, as a text
--   listed    true: the API's list has named the job, and perhaps no event
-- Returns 1; 0 when a record owns the job by now, or the job was forgotten.
--
-- Atomic: nothing is kept of a job that was adopted meanwhile, and whoever may be its owner decides anew.
if A.listed and redis.call('EXISTS', base.key('JOB', A.account, A.job)) == 0 then
    unclaimed.meet(A.account, A.job)
end
if not redis.call('ZSCORE', base.key('UNCLAIMED', A.account), A.job) then
    return 0
end
local snapshots = base.key('JOB_SNAPSHOTS', A.account)
redis.call('HSET', snapshots, A.job, A.snapshot)
redis.call('PEXPIRE', snapshots, SETTING.unclaimed_ms)
unclaimed.has_seen_more(A.account)
return 1
