-- What an account may do at the moment: its limits, the pauses, and how much of it others leave to us.

local ENDPOINTS = {'promote', 'create'}

local withdraw -- grants whose request has not begun; see 5_withdrawn.lua

local function account_record(account)
    return record_of('account:' .. account)
end

local FIELDS = {'jobs', 'slots', 'slots_seen', 'budget', 'create_per_minute', 'promote_per_minute', 'express',
    'working', 'working_until', 'pause_until', 'create_until', 'promote_until',
    'pause_count', 'create_count', 'promote_count', 'create_full', 'promote_full'}

local function limits_of(account)
    local got = redis.call('HMGET', account_record(account), unpack(FIELDS))
    local of = {}
    for n, field in ipairs(FIELDS) do
        of[field] = tonumber(got[n])
    end
    local all, count = of.pause_until or 0, of.pause_count or 0
    return {
        jobs = of.jobs or 5,
        slots = of.slots == 0 and math.huge or of.slots or 50,
        slots_seen = of.slots_seen or math.huge,
        budget = of.budget,
        express = of.express or 0,
        working = of.working,
        working_until = of.working_until or 0,
        rate = {create = of.create_per_minute or 5, promote = of.promote_per_minute or 5},
        pause = {create = math.max(all, of.create_until or 0), promote = math.max(all, of.promote_until or 0)},
        -- After a refusal one request goes first; the others follow when it came through.
        probing = {create = count + (of.create_count or 0) > 0, promote = count + (of.promote_count or 0) > 0},
        full = {create = of.create_full, promote = of.promote_full},
    }
end

-- Write down who changed what of an account; the newest hundred stay.
local function log_change(account, change)
    redis.call('LPUSH', key('CHANGES', account), cjson.encode(change))
    redis.call('LTRIM', key('CHANGES', account), 0, 99)
end

-- Pause the account ('pause') or an endpoint; each refusal in a row doubles the pause, up to a quarter of an hour.
-- Requests that were under way together are refused together: only one granted after the pause is a new refusal.
local function pause(account, what, ms, reason, granted_at)
    local record = account_record(account)
    local got = redis.call('HMGET', record, what .. '_until', what .. '_count')
    local before, count = tonumber(got[1]) or 0, tonumber(got[2]) or 0
    if count == 0 or granted_at >= before then
        count = count + 1
    end
    local growing = math.min(ms * 2 ^ math.min(count - 1, 20), math.max(ms, SETTING.pause_most_ms))
    redis.call('HSET', record, what .. '_count', count,
        what .. '_until', whole(math.max(before, NOW + growing)), what .. '_reason', reason)
    redis.call('HDEL', record, what .. '_full')
    for _, endpoint in ipairs(ENDPOINTS) do
        if what == endpoint or what == 'pause' then
            withdraw(account, endpoint)
        end
    end
end

-- Let an endpoint rest until then, for every worker at once; this is no refusal, so nothing is probed after it.
local function cool(account, endpoint, ms, reason)
    local record = account_record(account)
    local before = tonumber(redis.call('HGET', record, endpoint .. '_until')) or 0
    if NOW + ms > before then
        redis.call('HSET', record, endpoint .. '_until', whole(NOW + ms), endpoint .. '_reason', reason)
    end
    withdraw(account, endpoint)
end

local function lift(account, what)
    redis.call('HDEL', account_record(account), what .. '_until', what .. '_count', what .. '_reason', what .. '_full')
end

-- Who is preparing asks for no permit, so `admit` would not start it when the pauses are lifted by hand.
local function sleep_on_pause(account, subject)
    redis.call('ZADD', key('WAITING', account, 'prepare'), redis.call('HGET', record_of(subject), 'place'), subject)
end

local function wake_from_pause(account, subject)
    redis.call('ZREM', key('WAITING', account, 'prepare'), subject)
end

-- What the API has said of the slots is over: the operator says something else of them, or the API itself.
local function lift_slots_seen(account)
    return redis.call('HDEL', account_record(account), 'slots_seen', 'slots_seen_at', 'slots_seen_reason', 'slots_beyond')
end

-- An answer that is no refusal of the account: what was paused is over, unless the request went out before.
local function came_through(account, endpoint, granted_at)
    local record = account_record(account)
    for _, what in ipairs({'pause', endpoint}) do
        if granted_at >= (tonumber(redis.call('HGET', record, what .. '_until')) or 0) then
            if what == 'create' and redis.call('HEXISTS', record, 'create_full') == 1 then
                lift_slots_seen(account) -- the API looks at the slots before it takes a create, and finds room
            end
            lift(account, what)
        end
    end
end

-- Identities that promotes on their way may have made, or whose outcome is unknown: they are in no count yet.
local function promotes_on_their_way(account)
    local number = redis.call('ZCOUNT', key('WINDOW', account, 'promote'), '+inf', '+inf')
    for _, subject in ipairs(redis.call('ZRANGE', key('PERMITS', account), 0, -1)) do
        if kind_of(subject) == 'promotion' and redis.call('HGET', record_of(subject), 'state') == 'planned'
            and not redis.call('ZSCORE', key('WINDOW', account, 'promote'), subject) then
            number = number + 1
        end
    end
    return number
end

-- The API has no slot left: so many as there are now are all that there are, whatever the limit says.
local function learn_slots(account, reason)
    local record = account_record(account)
    local in_use = redis.call('ZCARD', key('IDENTITIES', account)) + promotes_on_their_way(account)
    local seen = math.min(tonumber(redis.call('HGET', record, 'slots_seen')) or in_use, in_use)
    redis.call('HSET', record, 'slots_seen', seen, 'slots_seen_at', whole(NOW), 'slots_seen_reason', reason)
    withdraw(account, 'create') -- no draft is bought any more that might not be promoted
    set_timer('library:' .. account, NOW)
end

-- The API has taken a promote. One more than it is said to hold: the next count tells whether it holds more now, or
-- somebody had deleted one.
local function look_beyond(account)
    local seen = tonumber(redis.call('HGET', account_record(account), 'slots_seen'))
    if seen and redis.call('ZCARD', key('IDENTITIES', account)) > seen then
        redis.call('HSET', account_record(account), 'slots_beyond', 1)
        set_timer('library:' .. account, NOW)
    end
end

-- The library was counted: what was learned of the slots holds only if it does not hold more.
local function correct_slots_seen(account)
    local record = account_record(account)
    local counted, seen = redis.call('ZCARD', key('IDENTITIES', account)), tonumber(redis.call('HGET', record, 'slots_seen'))
    local beyond = redis.call('HDEL', record, 'slots_beyond') == 1
    if seen and counted > seen then
        if beyond then
            lift_slots_seen(account)
        else
            redis.call('HSET', record, 'slots_seen', counted) -- others had made some since the count before
        end
    end
end

-- An identity is gone: who was refused for want of a slot need not wait for the end of the pause.
local function make_room(account)
    for _, endpoint in ipairs(ENDPOINTS) do
        if redis.call('HDEL', account_record(account), endpoint .. '_full') == 1 then
            redis.call('HDEL', account_record(account), endpoint .. '_until')
        end
    end
end

-- Others use the account's jobs too: keep to what we have now, and try one more after a while.
local function yield_jobs(account)
    for _, endpoint in ipairs(ENDPOINTS) do
        if endpoint == 'create' or SETTING.preprocessing_counts then
            withdraw(account, endpoint)
        end
    end
    local now_in_use = redis.call('ZCARD', key('PERMITS', account))
    redis.call('HSET', account_record(account), 'working', now_in_use, 'working_until', whole(NOW + SETTING.busy_ms))
end

-- Returns the jobs that we may have now (math.huge: no cap), and when one more will be tried (nil: never).
local function jobs_now(account, limits)
    local cap = limits.jobs > 0 and limits.jobs or math.huge
    if not limits.working then
        return cap, nil
    end
    local record = account_record(account)
    if NOW >= limits.working_until then
        limits.working = limits.working + 1
        limits.working_until = NOW + SETTING.busy_ms
        redis.call('HSET', record, 'working', limits.working, 'working_until', whole(limits.working_until))
    end
    if limits.working >= cap then
        limits.working = nil
        redis.call('HDEL', record, 'working', 'working_until')
        return cap, nil
    end
    return limits.working, limits.working_until
end

-- Tell the kinds of 429 apart: an unclear one with room left in our window is about the jobs of others.
local function throttle(account, endpoint, kind, ms, reason, granted_at)
    if kind == 'unclear' then
        local rate = limits_of(account).rate[endpoint]
        local sent = redis.call('ZCOUNT', key('WINDOW', account, endpoint), '(' .. whole(NOW), '+inf')
        kind = (rate > 0 and sent < rate) and 'jobs' or 'rate'
    end
    if kind == 'jobs' then
        yield_jobs(account)
        if ms then
            cool(account, endpoint, ms, reason)
        end
    elseif kind == 'rate' then
        cool(account, endpoint, ms or SETTING.window_ms, reason)
    else
        pause(account, endpoint, ms or SETTING.probe_ms, reason, granted_at)
        redis.call('HSET', account_record(account), endpoint .. '_full', 1)
        learn_slots(account, reason)
    end
end
