-- Unresolved creates, whose outcome is not on record, and unclaimed jobs, which were seen on the account's event
-- stream and which no record owns. Both are kept for an hour, longer than a create can stay unresolved.
--
--   UNRESOLVED      each attempt from before its POST until its outcome is known; also of briefs that were held or
--                   given up meanwhile: the job that their create has made may still be seen
--   UNCLAIMED       when each such job was first seen
--   JOB_SNAPSHOTS   what the API said of it when it was asked
local unclaimed = {}

local key, record_of, whole = base.key, base.record_of, base.whole

-- Wake each brief whose create may have made a job that was seen.
local function wake_unresolved(account)
    for _, attempt in ipairs(redis.call('ZRANGE', key('UNRESOLVED', account), 0, -1)) do
        local subject = string.match(attempt, '^(.*)/')
        if records.get(record_of(subject), 'state') == base.product_of(subject).unresolved then
            outbox.wake(subject)
        end
    end
end

-- Whether it must be known what a create has made; one whose worker died is not called uncertain for a while.
function unclaimed.has_unresolved(account)
    local attempts = redis.call('ZRANGE', key('UNRESOLVED', account), 0, -1, 'WITHSCORES')
    for n = 1, #attempts, 2 do
        local subject = string.match(attempts[n], '^(.*)/')
        local state, product = records.get(record_of(subject), 'state'), base.product_of(subject)
        if state == product.unresolved or (state == product.claimed and call.now - attempts[n + 1] >= SETTING.replay_again_ms) then
            return true
        end
    end
    return false
end

-- Count an observation: a decision that was made on what was seen before must be made again.
function unclaimed.has_seen_more(account)
    redis.call('HINCRBY', key('STREAM', account), 'sightings', 1)
    wake_unresolved(account)
end

-- Whether nothing was seen since a decision that was made with `observed` observations (nil: it needed none).
function unclaimed.has_seen_only(account, observed)
    return not observed or tonumber(redis.call('HGET', key('STREAM', account), 'sightings') or 0) == observed
end

function unclaimed.forget(account, job)
    if redis.call('ZREM', key('UNCLAIMED', account), job) == 1 then
        redis.call('HDEL', key('JOB_SNAPSHOTS', account), job)
    end
end

-- An event names an unclaimed job; what was known of that job may be out of date.
function unclaimed.meet(account, job)
    local jobs_seen, snapshots = key('UNCLAIMED', account), key('JOB_SNAPSHOTS', account)
    for _, old in ipairs(redis.call('ZRANGEBYSCORE', jobs_seen, '-inf', whole(call.now - SETTING.unclaimed_ms), 'LIMIT', 0, 100)) do
        unclaimed.forget(account, old)
    end
    redis.call('ZADD', jobs_seen, 'NX', whole(call.now), job)
    redis.call('PEXPIRE', jobs_seen, SETTING.unclaimed_ms)
    redis.call('HDEL', snapshots, job)
    unclaimed.has_seen_more(account)
end

-- Whether a change tells what became of a create, by the API's answer or by what was seen. An operator's word to send it
-- again is no such knowledge, and what was given up may have made a job all the same.
function unclaimed.is_known(change)
    return change.completion or change.observed
end

-- A create is about to be made, or its outcome is known.
function unclaimed.follow_create(account, subject, to, change)
    local product, unresolved = base.product_of(subject), key('UNRESOLVED', account)
    local attempt = base.attempt_of(subject)
    if to == product.claimed then
        redis.call('ZREMRANGEBYSCORE', unresolved, '-inf', whole(call.now - SETTING.unclaimed_ms))
        redis.call('ZADD', unresolved, whole(call.now), attempt)
        redis.call('PEXPIRE', unresolved, SETTING.unclaimed_ms)
    elseif to == product.running or (to ~= product.unresolved and unclaimed.is_known(change)) then
        redis.call('ZREM', unresolved, attempt)
    end
end

return unclaimed
