-- Creates whose outcome is not on record, and the jobs that might be theirs: seen on the account's event stream,
-- and known to nobody. Both are kept for an hour, longer than a create can stay unknown.
--
--   UNCLEAR     each attempt from before its POST until its outcome is known; also of briefs that were held or
--               given up meanwhile: what their create has made may still show up
--   STRANGERS   when each such job was first seen
--   FACTS       what the API said of it when it was asked
local unclaimed = {}

local key, record_of, whole = base.key, base.record_of, base.whole

-- The step of every brief that may be the owner of what was seen.
local function wake_uncertain(account)
    for _, attempt in ipairs(redis.call('ZRANGE', key('UNCLEAR', account), 0, -1)) do
        local subject = string.match(attempt, '^(.*)/')
        if redis.call('HGET', record_of(subject), 'state') == 'uncertain' then
            outbox.wake(subject)
        end
    end
end

-- Whether it must be known what a create has made; one whose worker died is not called uncertain for a while.
function unclaimed.has_uncertain(account)
    local attempts = redis.call('ZRANGE', key('UNCLEAR', account), 0, -1, 'WITHSCORES')
    for n = 1, #attempts, 2 do
        local state = redis.call('HGET', record_of(string.match(attempts[n], '^(.*)/')), 'state')
        if state == 'uncertain' or (state == 'submitting' and call.now - attempts[n + 1] >= SETTING.replay_again_ms) then
            return true
        end
    end
    return false
end

-- Whoever has decided before by what was seen must decide again.
function unclaimed.has_seen_more(account)
    redis.call('HINCRBY', key('STREAM', account), 'sightings', 1)
    wake_uncertain(account)
end

-- Whether nothing was seen since a decision that was made by `sightings` of them; none: it needed none.
function unclaimed.has_seen_only(account, sightings)
    return not sightings or tonumber(redis.call('HGET', key('STREAM', account), 'sightings') or 0) == sightings
end

function unclaimed.forget(account, job)
    redis.call('ZREM', key('STRANGERS', account), job)
    redis.call('HDEL', key('FACTS', account), job)
end

-- A job of nobody's was spoken of; what was known of it may be so no more.
function unclaimed.meet(account, job)
    local strangers, facts = key('STRANGERS', account), key('FACTS', account)
    for _, old in ipairs(redis.call('ZRANGEBYSCORE', strangers, '-inf', whole(call.now - SETTING.stranger_ms), 'LIMIT', 0, 100)) do
        unclaimed.forget(account, old)
    end
    redis.call('ZADD', strangers, 'NX', whole(call.now), job)
    redis.call('PEXPIRE', strangers, SETTING.stranger_ms)
    redis.call('HDEL', facts, job)
    unclaimed.has_seen_more(account)
end

-- A create is about to be made, or its outcome is known: by its job, by the API's answer or by what was seen. An
-- operator's word to send it again is no such knowledge, and what was given up may have made a job all the same.
function unclaimed.follow_create(account, subject, to, change)
    local unclear = key('UNCLEAR', account)
    local attempt = subject .. '/' .. (redis.call('HGET', record_of(subject), 'grants') or 0)
    if to == 'submitting' then
        redis.call('ZREMRANGEBYSCORE', unclear, '-inf', whole(call.now - SETTING.stranger_ms))
        redis.call('ZADD', unclear, whole(call.now), attempt)
        redis.call('PEXPIRE', unclear, SETTING.stranger_ms)
    elseif to == 'generating' or (to ~= 'uncertain' and (change.settle or change.sightings)) then
        redis.call('ZREM', unclear, attempt)
    end
end

return unclaimed
