-- What a refusal of the API does to an account: it pauses, or an endpoint cools, and whoever was granted a request of
-- it and has not begun it waits again.
local backoff = {}

local key, record_of, whole = base.key, base.record_of, base.whole

-- Pause the account ('pause') or an endpoint; each refusal in a row doubles the pause, up to `most` ms (none: a quarter
-- of an hour).
-- Requests that were under way together are refused together: only one granted after the pause is a new refusal.
function backoff.pause(account, what, ms, reason, status, granted_at, most)
    local record = accounts.record(account)
    local got = {records.many(record, what .. '_until', what .. '_count')}
    local before, count = tonumber(got[1]) or 0, tonumber(got[2]) or 0
    if count == 0 or granted_at >= before then
        count = count + 1
    end
    local growing = math.min(ms * 2 ^ math.min(count - 1, 20), math.max(ms, most or SETTING.pause_most_ms))
    records.set(record, what .. '_count', count,
        what .. '_until', whole(math.max(before, call.now + growing)), what .. '_reason', reason,
        what .. '_status', status or '')
    records.forget(record, what .. '_full', what .. '_absent')
    for _, endpoint in ipairs(ENDPOINTS) do
        if what == endpoint or what == 'pause' then
            permits.noted(endpoint, 'pause')
            permits.withdraw(account, endpoint)
        end
    end
end

-- Let an endpoint rest until then, for every worker at once; this is no refusal, so nothing is probed after it.
local function cool(account, endpoint, ms, reason)
    local record = accounts.record(account)
    local before = tonumber(records.get(record, endpoint .. '_until')) or 0
    if call.now + ms > before then
        records.set(record, endpoint .. '_until', whole(call.now + ms), endpoint .. '_reason', reason,
            endpoint .. '_status', 429)
    end
    permits.noted(endpoint, 'pause')
    permits.withdraw(account, endpoint)
end

function backoff.lift(account, what)
    local ends, count, full = records.many(accounts.record(account), what .. '_until', what .. '_count', what .. '_full')
    if not (ends or count or full) then
        return
    end
    records.forget(accounts.record(account), what .. '_until', what .. '_count', what .. '_reason', what .. '_status',
        what .. '_full', what .. '_absent')
end

-- Who is preparing asks for no permit, so `admit` would not start it when the pauses are lifted by hand.
function backoff.sleep_on_pause(account, subject)
    redis.call('ZADD', key('WAITING', account, 'prepare'), records.get(record_of(subject), 'place'), subject)
end

function backoff.wake_from_pause(account, subject)
    redis.call('ZREM', key('WAITING', account, 'prepare'), subject)
end

-- Who is preparing looks again now: its pause is lifted by hand, or a budget is raised.
function backoff.wake_preparing(account)
    for _, subject in ipairs(redis.call('ZRANGE', key('WAITING', account, 'prepare'), 0, -1)) do
        outbox.wake(subject)
        outbox.set_timer(subject, call.now + SETTING.again_ms)
    end
    redis.call('DEL', key('WAITING', account, 'prepare'))
end

-- An answer that is no refusal of the account: what was paused is over, unless the request went out before.
function backoff.came_through(account, endpoint, granted_at)
    local record = accounts.record(account)
    for _, what in ipairs({'pause', endpoint}) do
        if granted_at >= (tonumber(records.get(record, what .. '_until')) or 0) then
            local product = base.product_at(what)
            if product and product.follows and records.get(record, what .. '_full') then
                accounts.lift_slots_seen(account) -- the API looks at the slots before it takes a create, and finds room
            end
            backoff.lift(account, what)
        end
    end
end

-- An identity is gone: who was refused for want of a slot need not wait for the end of the pause.
function backoff.make_room(account)
    for _, endpoint in ipairs(ENDPOINTS) do
        if records.get(accounts.record(account), endpoint .. '_full') then
            records.forget(accounts.record(account), endpoint .. '_full', endpoint .. '_until')
        end
    end
end

-- Identities that promotes on their way may have made, or whose outcome is unknown: they are in no count yet.
local function promotes_on_their_way(account)
    local number = capacity.under_way(account, IDENTITY)
    for _, subject in ipairs(redis.call('ZRANGE', key('PERMITS', account), 0, -1)) do
        local product = base.product_of(subject)
        if product.identity and records.get(record_of(subject), 'state') == product.waits
            and not permits.is_granted(account, subject) then
            number = number + 1
        end
    end
    return number
end

-- The API has no slot left: so many as there are now are all that there are, whatever the limit says.
local function learn_slots(account, reason)
    local record = accounts.record(account)
    local in_use = redis.call('ZCARD', key('IDENTITIES', account)) + promotes_on_their_way(account)
    local seen = math.min(tonumber(records.get(record, 'slots_seen')) or in_use, in_use)
    records.set(record, 'slots_seen', seen, 'slots_seen_at', whole(call.now), 'slots_seen_reason', reason)
    for _, endpoint in ipairs(ENDPOINTS) do
        if base.product_at(endpoint).follows then
            permits.withdraw(account, endpoint) -- no draft is bought any more that might not be promoted
        end
    end
    outbox.set_timer('library:' .. account, call.now)
end

-- Others use the account's jobs too: keep to what we have now, and try one more after a while.
local function yield_jobs(account)
    for _, endpoint in ipairs(ENDPOINTS) do
        if base.product_at(endpoint).counts then
            permits.withdraw(account, endpoint)
        end
    end
    local now_in_use = redis.call('ZCARD', key('PERMITS', account))
    records.set(accounts.record(account), 'working', now_in_use, 'working_until', whole(call.now + SETTING.busy_ms))
end

-- Whether by our own count no window of an endpoint is full; not known where nothing limits its requests.
local function has_room_by_us(account, endpoint)
    local is_limited, is_full = false, false
    for _, window in ipairs(accounts.limits_of(account).windows[endpoint]) do
        local limited = window.number > 0
        is_limited = is_limited or limited
        is_full = is_full or (limited and capacity.used_of(account, endpoint, window) >= window.number)
    end
    return is_limited and not is_full
end

-- Tell the kinds of 429 apart: an unclear one with room left in our window is about the jobs of others.
function backoff.throttle(account, endpoint, kind, ms, reason, granted_at)
    if kind == 'unclear' then
        kind = has_room_by_us(account, endpoint) and 'jobs' or 'rate'
    end
    if kind == 'jobs' then
        yield_jobs(account)
        if ms then
            cool(account, endpoint, ms, reason)
        end
    elseif kind == 'rate' then
        cool(account, endpoint, ms or SETTING.window_ms, reason)
    else
        backoff.pause(account, endpoint, ms or SETTING.probe_ms, reason, 429, granted_at)
        records.set(accounts.record(account), endpoint .. '_full', 1)
        learn_slots(account, reason)
    end
end

return backoff
