-- wake: an event of the API has come: wake the step of the job that it speaks of.
--
--   account
--   event    its id
--   job      its job (or none: it names no job)
--   code     an identity code (or none)
--   sent     when the API says that it was sent, ms (or none)
--   live     true: it came just now by stream
--   once     true: it came by webhook, and counts the first time only
-- Returns ours; nobody when no such job is known yet; all when every job in flight was woken; for a webhook also seen
-- when it came before, or old when too much time has passed to tell whether it did.
--
-- Atomic: an event and the recording of its job can't miss each other.
local function owner(id)
    return id and redis.call('GET', base.key('JOB', A.account, id))
end

-- What was signed once stays signed, so whoever has recorded a webhook can send it again.
if A.once then
    local seen = base.key('SEEN', A.account)
    local oldest = call.now - SETTING.early_ms
    redis.call('ZREMRANGEBYSCORE', seen, '-inf', base.whole(oldest))
    if A.sent and A.sent < oldest then
        return 'old'
    end
    if redis.call('ZADD', seen, 'NX', base.whole(call.now), A.event) == 0 then
        return 'seen'
    end
    redis.call('PEXPIRE', seen, SETTING.early_ms)
end

local stream = base.key('STREAM', A.account)
if A.live and A.sent then
    redis.call('HSET', stream, 'ahead_ms', base.whole(A.sent - call.now))
end

if not A.job and not A.code then
    for _, subject in ipairs(redis.call('ZRANGE', base.key('PERMITS', A.account), 0, -1)) do
        outbox.wake(subject)
    end
    return 'all'
end

local subject = owner(A.job) or owner(A.code)
if subject then
    outbox.wake(subject)
    jobs.handled(A.account, A.event)
    if not A.once then
        jobs.has_told(A.account, subject)
    end
    return 'ours'
end

-- Whichever of the two is recorded first finds it. What is replayed says nothing new.
for _, id in pairs({A.job, A.code}) do
    local early = base.key('EARLY', A.account, id)
    if not redis.call('LPOS', early, A.event) then
        redis.call('RPUSH', early, A.event)
        redis.call('LTRIM', early, -50, -1)
        redis.call('PEXPIRE', early, SETTING.early_ms)
        if id == A.job then
            unclaimed.meet(A.account, id)
        end
    end
end
return 'nobody'
