-- The permits of an account: who may start now. All limits are decided together, so that nobody holds one
-- while waiting for another (that deadlocks), and nothing is taken that a crash could leak.
--
--   job permits   PERMITS     one for each remote job, from before its POST until the API is done with it
--   windows       WINDOW      requests of a paid endpoint; one under way has no end yet (+inf), one answered
--                             ends a window after its answer arrived: never earlier than on the server
--   slots         SLOTS       reserved by briefs and promotions; IDENTITIES are in the library already

local function limits_of(account)
    local got = redis.call('HMGET', record_of('account:' .. account), 'jobs', 'slots', 'create_per_minute',
        'promote_per_minute', 'pause_until', 'create_until', 'promote_until')
    return {
        jobs = tonumber(got[1]) or 5,
        slots = tonumber(got[2]) or 50,
        rate = {create = tonumber(got[3]) or 5, promote = tonumber(got[4]) or 5},
        pause = {
            create = math.max(tonumber(got[5]) or 0, tonumber(got[6]) or 0),
            promote = math.max(tonumber(got[5]) or 0, tonumber(got[7]) or 0),
        },
    }
end

-- What is paused: `pause` is the whole account; `create`, `promote` and `prepare` are parts of its work.
local function pause(account, what, ms, reason)
    redis.call('HSET', record_of('account:' .. account), what .. '_until', whole(NOW + ms), what .. '_reason', reason)
end

local function holds_permit(kind, state)
    local counts = kind == 'brief' or SETTING.preprocessing_counts
    return STATES[kind][state].permit and counts
end

local function free_slots(account, cap)
    local used = redis.call('ZCARD', key('IDENTITIES', account))
    for _, reserved in ipairs(redis.call('HVALS', key('SLOTS', account))) do
        used = used + reserved
    end
    return cap - used
end

-- Returns whether a request may go out now; if not, when to look again (nil: when one under way ends).
local function window_has_room(account, endpoint, rate)
    local window = key('WINDOW', account, endpoint)
    redis.call('ZREMRANGEBYSCORE', window, '-inf', NOW)
    if rate == 0 or redis.call('ZCARD', window) < rate then
        return true
    end
    local first = tonumber(redis.call('ZRANGE', window, 0, 0, 'WITHSCORES')[2])
    return false, first < math.huge and first or nil
end

local function has_slots(account, endpoint, subject, cap)
    if cap == 0 or redis.call('HEXISTS', key('SLOTS', account), subject) == 1 then
        return true
    end
    local need = tonumber(redis.call('HGET', record_of(subject), 'need')) or 1
    return need <= free_slots(account, cap)
end

-- The first waiter of an endpoint, if it may start; else nil and when to look again.
local function next_to_start(account, endpoint, limits)
    local first = redis.call('ZRANGE', key('WAITING', account, endpoint), 0, 0)[1]
    if not first then
        return nil
    end
    if limits.pause[endpoint] > NOW then
        return nil, limits.pause[endpoint]
    end
    local room, later = window_has_room(account, endpoint, limits.rate[endpoint])
    if not room then
        return nil, later
    end
    local jobs = redis.call('ZCARD', key('PERMITS', account))
    if limits.jobs > 0 and jobs >= limits.jobs and (endpoint == 'create' or SETTING.preprocessing_counts) then
        return nil
    end
    return has_slots(account, endpoint, first, limits.slots) and first or nil
end

-- The grant, its timer and its message are one: a crash right after loses nothing.
local function grant(account, endpoint, subject)
    local record = record_of(subject)
    local kind = kind_of(subject)
    redis.call('ZREM', key('WAITING', account, endpoint), subject)
    local window = key('WINDOW', account, endpoint)
    redis.call('ZADD', window, '+inf', subject)
    redis.call('PERSIST', window)
    if kind == 'brief' or SETTING.preprocessing_counts then
        redis.call('ZADD', key('PERMITS', account), NOW, subject)
    end
    redis.call('HSETNX', key('SLOTS', account), subject, redis.call('HGET', record, 'need') or 1)
    redis.call('HINCRBY', record, 'grants', 1)
    redis.call('HSET', record, 'granted_at', whole(NOW))
    set_timer(subject, NOW + SETTING.grant_ms)
    send(STATES[kind][WAITS[kind].state].actor, subject)
end

-- Start whoever may start now, promotions before creations: what is paid for is finished first.
local function admit(account)
    local limits = limits_of(account)
    local later
    for _, endpoint in ipairs({'promote', 'create'}) do
        local subject, look = next_to_start(account, endpoint, limits)
        while subject do
            grant(account, endpoint, subject)
            subject, look = next_to_start(account, endpoint, limits)
        end
        if look and (not later or look < later) then
            later = look
        end
    end
    if later then
        set_timer('account:' .. account, later)
    end
end

-- A request of a paid endpoint has ended: counted, it fills the window from now on; else it never left.
local function settle(account, subject, counted)
    local endpoint = WAITS[kind_of(subject)].endpoint
    local window = key('WINDOW', account, endpoint)
    if redis.call('ZREM', window, subject) == 1 and counted then
        local number = redis.call('INCR', KEY.SEQUENCE)
        redis.call('ZADD', window, whole(NOW + SETTING.window_ms), subject .. '/' .. number)
    end
    -- Not while one is under way: with its entry it would lose its grant, and nobody would grant it again.
    if redis.call('ZCOUNT', window, '+inf', '+inf') == 0 then
        redis.call('PEXPIRE', window, SETTING.window_ms)
    end
end

local function is_granted(account, subject)
    return redis.call('ZSCORE', key('WINDOW', account, WAITS[kind_of(subject)].endpoint), subject)
end
