-- The permits of an account: who may start now. All limits are decided together, so that nobody holds one
-- while waiting for another (that deadlocks), and nothing is taken that a crash could leak.
--
--   job permits   PERMITS     one for each remote job, from before its POST until the API is done with it
--   windows       WINDOW      requests of a paid endpoint; one under way has no end yet (+inf), one answered
--                             ends a window after its answer arrived: never earlier than on the server
--   slots         SLOTS       reserved by briefs and promotions; IDENTITIES are in the library already
--   budgets       PROMISED, RESERVATIONS   credits that briefs on their way will still cost: of a batch, of the account

local forget -- of a subject whose record is gone; see 6_orphans.lua

local function holds_permit(kind, state)
    return STATES[kind][state].permit and (kind == 'brief' or SETTING.preprocessing_counts)
end

-- Whether a subject that waits holds its job permit still: its promote may have arrived, and the API be at work.
-- It stands first, and to ask again it needs no second job and no second slot.
local function holds_job(account, subject)
    return redis.call('ZSCORE', key('PERMITS', account), subject)
end

local function free_slots(account, cap)
    if cap == math.huge then
        return cap
    end
    local used = redis.call('ZCARD', key('IDENTITIES', account))
    for _, reserved in ipairs(redis.call('HVALS', key('SLOTS', account))) do
        used = used + reserved
    end
    return cap - used
end

local function under_way(account, endpoint)
    return redis.call('ZCOUNT', key('WINDOW', account, endpoint), '+inf', '+inf')
end

-- Returns whether a request may go out now; if not, when to look again (nil: when one under way ends).
local function window_has_room(account, endpoint, limits)
    local window = key('WINDOW', account, endpoint)
    local rate = limits.rate[endpoint]
    redis.call('ZREMRANGEBYSCORE', window, '-inf', whole(NOW))
    if limits.probing[endpoint] and under_way(account, endpoint) > 0 then
        return false
    end
    if rate == 0 or redis.call('ZCARD', window) < rate then
        return true
    end
    local first = tonumber(redis.call('ZRANGE', window, 0, 0, 'WITHSCORES')[2])
    return false, first < math.huge and first or nil
end

local function jobs_have_room(account, endpoint, place, limits)
    if endpoint == 'promote' and not SETTING.preprocessing_counts then
        return true
    end
    local cap, later = jobs_now(account, limits)
    local reserve = (endpoint == 'create' and not is_urgent(place)) and limits.express or 0
    if redis.call('ZCARD', key('PERMITS', account)) < cap - reserve then
        return true
    end
    return false, later
end

-- The slots that may be used: what the API has said counts, if it is less than the limit.
local function slots_cap(limits)
    return math.min(limits.slots, limits.slots_seen)
end

-- With fewer slots than are reserved (a lower cap, identities added by hand), reserved ones serve as far as they go.
local function is_within(account, subject, cap, free)
    if redis.call('HEXISTS', key('SLOTS', account), subject) == 0 then
        return (tonumber(redis.call('HGET', record_of(subject), 'need')) or 1) <= free
    end
    if free >= 0 then
        return true
    end
    return redis.call('ZCARD', key('IDENTITIES', account)) + under_way(account, 'promote') < cap
end

-- Beyond what the API has said, one goes first, in case that it is no longer so: a promotion, whose refusal costs
-- nothing, or a create where it was a create that was refused.
local function has_slots(account, endpoint, subject, limits, free)
    if not is_within(account, subject, limits.slots, free.of_limit) then
        return false
    end
    return limits.slots_seen == math.huge or is_within(account, subject, limits.slots_seen, free.of_seen)
        or ((endpoint == 'promote' or limits.full.create) and under_way(account, endpoint) == 0)
end

local function free_of(account, limits)
    return {of_limit = free_slots(account, limits.slots), of_seen = free_slots(account, limits.slots_seen)}
end

-- The first waiter whose slots are free and whom the account's budget can pay; one that needs less may pass one that
-- needs more. Else nil and when to look again.
local function first_that_fits(account, endpoint, limits)
    local free, left, learns = free_of(account, limits), account_left(account, limits), learns_price(account)
    local look_past = redis.call('ZRANGE', key('WAITING', account, endpoint), 0, LOOK_PAST, 'WITHSCORES')
    for n = 1, #look_past, 2 do
        local subject = look_past[n]
        if not has_slots(account, endpoint, subject, limits, free) then
            -- Somebody may delete an identity where we don't see it.
            set_timer_sooner('library:' .. account, NOW + SETTING.recount_ms)
        elseif fits_account(account, subject, left) and not waits_for_price(account, subject, limits, learns) then
            -- Who comes here past an urgent one may not take a job of the express share.
            local room, later = jobs_have_room(account, endpoint, tonumber(look_past[n + 1]), limits)
            return room and subject or nil, later
        end
    end
    return nil
end

-- Who of an endpoint may start; else nil and when to look again.
local function next_to_start(account, endpoint, limits)
    local waiting = key('WAITING', account, endpoint)
    local first = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')
    if not first[1] then
        return nil
    end
    if limits.pause[endpoint] > NOW then
        if limits.full[endpoint] then
            set_timer_sooner('library:' .. account, NOW + SETTING.recount_ms)
        end
        return nil, limits.pause[endpoint]
    end
    local room, later = window_has_room(account, endpoint, limits)
    if not room then
        return nil, later
    end
    local subject = first[1]
    if not holds_job(account, subject) then
        room, later = jobs_have_room(account, endpoint, tonumber(first[2]), limits)
        if not room then
            return nil, later
        end
        subject, later = first_that_fits(account, endpoint, limits)
        if not subject then
            return nil, later
        end
    end
    local state, batch = unpack(redis.call('HMGET', record_of(subject), 'state', 'batch'))
    if not state then
        forget(account, subject)
        return next_to_start(account, endpoint, limits)
    end
    if not fits_budget(account, subject, batch) then
        park(account, endpoint, subject, batch)
        return next_to_start(account, endpoint, limits)
    end
    return subject, nil, batch
end

-- The grant, its timer and its message are one: a crash right after loses nothing.
local function grant(account, endpoint, subject, batch)
    local record = record_of(subject)
    local kind = kind_of(subject)
    local waiting = key('WAITING', account, endpoint)
    started(account, tonumber(redis.call('HGET', record, 'place')))
    redis.call('ZREM', waiting, subject)
    local window = key('WINDOW', account, endpoint)
    redis.call('ZADD', window, '+inf', subject)
    redis.call('PERSIST', window)
    if kind == 'brief' or SETTING.preprocessing_counts then
        redis.call('ZADD', key('PERMITS', account), 'NX', whole(NOW), subject)
    end
    redis.call('HSETNX', key('SLOTS', account), subject, redis.call('HGET', record, 'need') or 1)
    promise(account, subject, batch, cost_of(account, subject))
    if batch then
        unpark(account, batch)
    end
    redis.call('HINCRBY', record, 'grants', 1)
    redis.call('HSET', record, 'granted_at', whole(NOW))
    set_timer(subject, NOW + SETTING.grant_ms)
    send_step(record, STATES[kind][WAITS[kind].state].actor, subject)
end

-- Start whoever may start now, promotions before creations: what is paid for is finished first.
local function admit(account)
    local later
    for _, endpoint in ipairs(ENDPOINTS) do
        local limits = limits_of(account)
        local subject, look, batch = next_to_start(account, endpoint, limits)
        while subject do
            grant(account, endpoint, subject, batch)
            subject, look, batch = next_to_start(account, endpoint, limits)
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
    local window = key('WINDOW', account, WAITS[kind_of(subject)].endpoint)
    if redis.call('ZREM', window, subject) == 1 and counted then
        local number = redis.call('INCR', KEY.SEQUENCE)
        -- Rounded up here and down where it is compared: else a window could be a part of a ms too short.
        redis.call('ZADD', window, whole(NOW_AT_MOST + SETTING.window_ms), subject .. '/' .. number)
    end
    -- Not while one is under way: with its entry it would lose its grant, and nobody would grant it again.
    if redis.call('ZCOUNT', window, '+inf', '+inf') == 0 then
        redis.call('PEXPIRE', window, SETTING.window_ms + SETTING.early_ms)
    end
end

local function is_granted(account, subject)
    return redis.call('ZSCORE', key('WINDOW', account, WAITS[kind_of(subject)].endpoint), subject)
end
