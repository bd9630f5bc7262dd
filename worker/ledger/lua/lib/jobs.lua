-- The API's jobs that are ours, and the events that speak of them.
local jobs = {}

local key, record_of, whole = base.key, base.record_of, base.whole

-- An event has had its effect: it is to be deleted, while the API may still replay it.
function jobs.handled(account, event)
    local list = key('HANDLED', account)
    redis.call('ZADD', list, whole(call.now), event)
    redis.call('ZREMRANGEBYSCORE', list, '-inf', whole(call.now - SETTING.replay_ms))
    redis.call('PEXPIRE', list, SETTING.replay_ms)
end

-- The stream has spoken of a job of ours: of a creation, if it is a brief's.
function jobs.has_told(account, subject)
    if base.has_record(subject) then
        records.set(record_of(subject), 'told_at', whole(call.now))
    end
    if not base.product_of(subject).parent then
        redis.call('HSET', key('STREAM', account), 'told_at', whole(call.now))
    end
end

-- Events that came before the POST's own answer count from now.
local function catch_up(account, job, subject)
    unclaimed.forget(account, job)
    local early = key('EARLY', account, job)
    local ids = redis.call('LRANGE', early, 0, -1)
    for _, id in ipairs(ids) do
        jobs.handled(account, id)
        -- What is seen came by webhook, and says nothing of the stream.
        if not redis.call('ZSCORE', key('SEEN', account), id) then
            jobs.has_told(account, subject)
        end
    end
    if #ids > 0 then
        redis.call('DEL', early)
        outbox.wake(subject)
    end
end

-- Remember whose remote jobs are.
function jobs.know(account, ids, subject)
    local seen = {key('UNCLAIMED', account)}
    for _, job in ipairs(ids) do
        redis.call('SET', key('JOB', account, job), subject, 'PX', SETTING.keep_ms)
        seen[#seen + 1] = key('EARLY', account, job)
    end
    -- As a rule nothing was seen of them before, which one command tells of all.
    if #ids > 0 and redis.call('EXISTS', unpack(seen)) > 0 then
        for _, job in ipairs(ids) do
            catch_up(account, job, subject)
        end
    end
end

return jobs
