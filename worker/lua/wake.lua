-- wake: an event of the API has come; wake the step of the job that it speaks of.
--
-- account, event (its id), job (or none: the event names no job), code (an identity code, or none)
-- Returns ours; nobody when no such job is known yet; all when every job in flight was woken.
--
-- Atomic, so that an event and the recording of its job can't miss each other.
local function owner(id)
    return id and redis.call('GET', key('JOB', A.account, id))
end

if not A.job and not A.code then
    for _, subject in ipairs(redis.call('ZRANGE', key('PERMITS', A.account), 0, -1)) do
        hint(subject)
    end
    return 'all'
end

local subject = owner(A.job) or owner(A.code)
if subject then
    hint(subject)
    local handled = key('HANDLED', A.account)
    redis.call('ZADD', handled, whole(NOW), A.event)
    redis.call('ZREMRANGEBYSCORE', handled, '-inf', whole(NOW - SETTING.replay_ms))
    return 'ours'
end

local early = key('EARLY', A.account, A.job or A.code)
redis.call('RPUSH', early, A.event)
redis.call('LTRIM', early, -50, -1)
redis.call('PEXPIRE', early, SETTING.early_ms)
return 'nobody'
