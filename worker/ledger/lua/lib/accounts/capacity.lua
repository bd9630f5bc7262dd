-- Whether an account has room: for a request now, for one more job, for the slots of a brief or a promotion.
local capacity = {}

local key, record_of, whole = base.key, base.record_of, base.whole

function capacity.holds_permit(kind, state)
    return STATES[kind][state].permit and KINDS[kind].counts
end

-- Whether a subject that waits holds its job permit still: its promote may have arrived, and the API be at work.
-- It stands first, and to ask again it needs no second job and no second slot.
function capacity.holds_job(account, subject)
    return redis.call('ZSCORE', key('PERMITS', account), subject)
end

function capacity.free_slots(account, cap)
    if cap == math.huge then
        return cap
    end
    local used = redis.call('ZCARD', key('IDENTITIES', account))
    for _, reserved in ipairs(redis.call('HVALS', key('SLOTS', account))) do
        used = used + reserved
    end
    return cap - used
end

function capacity.under_way(account, endpoint)
    return redis.call('ZCOUNT', key('WINDOW', account, endpoint), '+inf', '+inf')
end

-- How many requests of an endpoint count in one of its windows. Those under way stand in the first one alone: a worker
-- of a version that knows fewer windows ends them there.
function capacity.used_of(account, endpoint, window)
    local ended = redis.call('ZCOUNT', key('WINDOW', account, window.name), '(' .. whole(call.now), '+inf')
    return window.name == endpoint and ended or ended + capacity.under_way(account, endpoint)
end

-- Returns the full window of an endpoint that has room again last, and when: math.huge: when one under way ends.
local function full_window(account, endpoint, limits)
    local full, at
    for _, window in ipairs(limits.windows[endpoint]) do
        local requests = key('WINDOW', account, window.name)
        redis.call('ZREMRANGEBYSCORE', requests, '-inf', whole(call.now))
        if window.number > 0 and capacity.used_of(account, endpoint, window) >= window.number then
            local first = tonumber(redis.call('ZRANGE', requests, 0, 0, 'WITHSCORES')[2]) or math.huge
            if not full or first > at then
                full, at = window, first
            end
        end
    end
    return full, at
end

-- Returns whether a request may go out now; if not, when to look again (nil: when one under way ends), and the window
-- that is full (nil: none is, but one goes first after a refusal).
function capacity.window_has_room(account, endpoint, limits)
    local full, at = full_window(account, endpoint, limits)
    if limits.probing[endpoint] and capacity.under_way(account, endpoint) > 0 then
        return false, nil, full
    end
    if not full then
        return true
    end
    return false, at < math.huge and at or nil, full
end

-- The jobs that are kept from what is asked for at this place: for briefs that are urgent, and what follows from any.
function capacity.express_share(endpoint, score, limits)
    return (not base.product_at(endpoint).parent and not fair.is_urgent(score)) and limits.express or 0
end

function capacity.jobs_have_room(account, endpoint, score, limits)
    if not base.product_at(endpoint).counts then
        return true
    end
    local cap, later = accounts.jobs_now(account, limits)
    if cap == math.huge or redis.call('ZCARD', key('PERMITS', account)) < cap - capacity.express_share(endpoint, score, limits) then
        return true
    end
    return false, later
end

-- The slots that may be used: what the API has said counts, if it is less than the limit.
function capacity.slots_cap(limits)
    return math.min(limits.slots, limits.slots_seen)
end

-- With fewer slots than are reserved (a lower cap, identities added by hand), reserved ones serve as far as they go.
local function is_within(account, subject, cap, free)
    if cap == math.huge then
        return true
    end
    if redis.call('HEXISTS', key('SLOTS', account), subject) == 0 then
        return (tonumber(records.get(record_of(subject), 'need')) or 1) <= free
    end
    if free >= 0 then
        return true
    end
    return redis.call('ZCARD', key('IDENTITIES', account)) + capacity.under_way(account, IDENTITY) < cap
end

-- Beyond what the API has said, one goes first, in case that it is no longer so: a promotion, whose refusal costs
-- nothing, or a create where it was a create that was refused.
function capacity.has_slots(account, endpoint, subject, limits, free)
    if not base.product_at(endpoint).slots then
        return true
    end
    if not is_within(account, subject, limits.slots, free.of_limit) then
        return false
    end
    return limits.slots_seen == math.huge or is_within(account, subject, limits.slots_seen, free.of_seen)
        or ((endpoint == IDENTITY or limits.full[endpoint]) and capacity.under_way(account, endpoint) == 0)
end

function capacity.free_of(account, limits)
    return {of_limit = capacity.free_slots(account, limits.slots), of_seen = capacity.free_slots(account, limits.slots_seen)}
end

-- The first waiter whose slots are free and whom the account's budget can pay; one that needs less may pass one that
-- needs more. Else nil and when to look again. `first` waits first, and there is room for its job.
function capacity.first_that_fits(account, endpoint, first, limits)
    local free, left, learns = capacity.free_of(account, limits), budget.account_left(account, limits), budget.learns_price(account)
    local function fits(subject)
        if not capacity.has_slots(account, endpoint, subject, limits, free) then
            -- Somebody may delete an identity where we don't see it.
            outbox.set_timer_sooner('library:' .. account, call.now + SETTING.recount_ms)
            return false
        end
        return budget.fits_account(account, subject, left) and not budget.waits_for_price(account, subject, limits, learns)
    end
    if fits(first) then
        return first
    end
    local look_past = redis.call('ZRANGE', key('WAITING', account, endpoint), 1, budget.LOOK_PAST, 'WITHSCORES')
    for n = 1, #look_past, 2 do
        if fits(look_past[n]) then
            -- Who comes here past an urgent one may not take a job of the express share.
            local room, later = capacity.jobs_have_room(account, endpoint, tonumber(look_past[n + 1]), limits)
            return room and look_past[n] or nil, later
        end
    end
    return nil
end

return capacity
