-- An account: its limits and pauses, the jobs that others leave to us, the slots that the API has said it has.
local accounts = {}

local key, record_of, whole = base.key, base.record_of, base.whole

function accounts.record(account)
    return record_of('account:' .. account)
end

-- An endpoint's windows with the number of requests that each takes; 0: any number.
local function windows_of(endpoint, of)
    local windows = {}
    for n, window in ipairs(LIMITS.windows[endpoint]) do
        windows[n] = {name = window.name, number = of(window.limit), seconds = window.seconds}
    end
    return windows
end

-- Returns what limits an account now; math.huge where nothing does.
function accounts.limits_of(account)
    local record = accounts.record(account)
    local function of(field)
        return tonumber(records.get(record, field)) or LIMITS.defaults[field]
    end
    local slots = of('slots')
    local limits = {
        jobs = of('jobs'),
        slots = slots == 0 and math.huge or slots,
        slots_seen = of('slots_seen') or math.huge,
        budget = of('budget'),
        express = of('express'),
        working = of('working'),
        working_until = of('working_until') or 0,
        windows = {}, pause = {}, probing = {}, full = {},
    }
    for _, endpoint in ipairs(ENDPOINTS) do
        limits.windows[endpoint] = windows_of(endpoint, of)
        limits.pause[endpoint] = math.max(of('pause_until') or 0, of(endpoint .. '_until') or 0)
        -- After a refusal one request goes first; the others follow when it came through.
        limits.probing[endpoint] = (of('pause_count') or 0) + (of(endpoint .. '_count') or 0) > 0
        limits.full[endpoint] = of(endpoint .. '_full')
    end
    return limits
end

-- Returns how many requests a window takes; 0: any number.
function accounts.number_of(account, window)
    return tonumber(records.get(accounts.record(account), window.limit)) or LIMITS.defaults[window.limit]
end

-- Write down who changed what of an account; the newest hundred stay.
function accounts.log_change(account, change)
    redis.call('LPUSH', key('CHANGES', account), cjson.encode(change))
    redis.call('LTRIM', key('CHANGES', account), 0, 99)
end

-- Returns the jobs that we may have now (math.huge: no cap), and when one more will be tried (nil: never).
function accounts.jobs_now(account, limits)
    local cap = limits.jobs > 0 and limits.jobs or math.huge
    if not limits.working then
        return cap, nil
    end
    local record = accounts.record(account)
    if call.now >= limits.working_until then
        limits.working = limits.working + 1
        limits.working_until = call.now + SETTING.busy_ms
        records.set(record, 'working', limits.working, 'working_until', whole(limits.working_until))
    end
    if limits.working >= cap then
        limits.working = nil
        records.forget(record, 'working', 'working_until')
        return cap, nil
    end
    return limits.working, limits.working_until
end

-- What the API has said of the slots is over: the operator says something else of them, or the API itself.
function accounts.lift_slots_seen(account)
    records.forget(accounts.record(account), 'slots_seen', 'slots_seen_at', 'slots_seen_reason', 'slots_beyond')
end

-- The API has taken a promote. One more than it is said to hold: the next count tells whether it holds more now, or
-- somebody had deleted one.
function accounts.look_beyond(account)
    local seen = tonumber(records.get(accounts.record(account), 'slots_seen'))
    if seen and redis.call('ZCARD', key('IDENTITIES', account)) > seen then
        records.set(accounts.record(account), 'slots_beyond', 1)
        outbox.set_timer('library:' .. account, call.now)
    end
end

-- The library was counted: what was learned of the slots holds only if it does not hold more.
function accounts.correct_slots_seen(account)
    local record = accounts.record(account)
    local counted, seen = redis.call('ZCARD', key('IDENTITIES', account)), tonumber(records.get(record, 'slots_seen'))
    local beyond = records.get(record, 'slots_beyond')
    records.forget(record, 'slots_beyond')
    if seen and counted > seen then
        if beyond then
            accounts.lift_slots_seen(account)
        else
            records.set(record, 'slots_seen', counted) -- others had made some since the count before
        end
    end
end

return accounts
