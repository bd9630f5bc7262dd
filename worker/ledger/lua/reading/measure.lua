-- measure: tell how accounts stand, for monitoring: numbers alone, however many briefs there are.
--
--   accounts  {names}
-- Returns a JSON array of one object for each account, in which "none" is a field that is not there:
--   name
--   jobs, jobs_limit, working   jobs in flight; 0 for no limit; none for as many as the limit
--   slots_used, slots_reserved, slots_limit   none for no limit
--   windows        {name = {used, limit}}; 0 for no limit
--   pauses         {[what] = status of the API's answer, or 0}
--   halted         'person' | 'past' (or none)
--   waiting        {[endpoint or 'prepare'] = how many}
--   parked         how many
--   fronts         {{endpoint, ms, {what, ...}}, ...}: how long one of the first waits, and what it lacks; {'step'} if it
--                  is granted and has not begun
--   counts         {[state:cause] = briefs}
--   spent          {[call] = credits}
--   credits        none if not known
--   budget, budget_left   none if it has none
--   token_ends_ms  none if not known
--   leased         1 or none
--   stream         {connected_ms, heard_ms, unbroken_ms, stalled (1 or none), opened, broken} (none: never)
-- Like `why`, it changes nothing but to forget what counts no more.
--
-- Atomic: one picture of each account. For a thousand of them it is called in parts.

-- Of each endpoint and priority so many are looked at who wait first: their order is fair, not by age.
local FIRST, PRIORITIES = 5, 10

local is_alive = listeners.read()

local function number(text)
    return tonumber(text) or 0
end

local function sum(texts)
    local total = 0
    for _, text in ipairs(texts) do
        total = total + text
    end
    return total
end

-- The end of the scores of a priority; those that come back with a job they hold stand before them all.
local function after(score)
    if score == -math.huge then
        return '(-inf'
    end
    return base.whole((1 - fair.priority_of(score)) * 2 ^ 44)
end

-- Of a subject without a record, which `orphans` forgets, nobody knows.
local function waits_since(subject)
    return tonumber(records.get(base.record_of(subject), 'moved_at')) or math.huge
end

-- Of each priority the one that waits longest among the first.
local function oldest_of_each(account, endpoint)
    local waiting, oldest, from = base.key('WAITING', account, endpoint), {}, '-inf'
    for _ = 1, PRIORITIES do
        local first = redis.call('ZRANGEBYSCORE', waiting, from, '+inf', 'WITHSCORES', 'LIMIT', 0, FIRST)
        if #first == 0 then
            break
        end
        from = after(tonumber(first[2]))
        local found = first[1]
        for n = 3, #first, 2 do
            if after(tonumber(first[n + 1])) == from and waits_since(first[n]) < waits_since(found) then
                found = first[n]
            end
        end
        oldest[#oldest + 1] = found
    end
    return oldest
end

local function fronts_of(account)
    local fronts = {}
    for _, endpoint in ipairs(ENDPOINTS) do
        for _, subject in ipairs(oldest_of_each(account, endpoint)) do
            if base.has_record(subject) then
                local whats = {}
                for n, missing in ipairs(lacking.of(account, endpoint, subject)) do
                    whats[n] = missing.what
                end
                fronts[#fronts + 1] = {endpoint, call.now - waits_since(subject), whats}
            end
        end
        local window = base.key('WINDOW', account, endpoint)
        for _, subject in ipairs(redis.call('ZRANGEBYSCORE', window, '+inf', '+inf', 'LIMIT', 0, FIRST)) do
            local state, granted_at = records.many(base.record_of(subject), 'state', 'granted_at')
            if state == base.product_of(subject).waits then
                fronts[#fronts + 1] = {endpoint, call.now - number(granted_at), {'step'}}
            end
        end
    end
    return fronts
end

local function windows_of(account, limits)
    local windows = {}
    for _, endpoint in ipairs(ENDPOINTS) do
        for _, window in ipairs(limits.windows[endpoint]) do
            windows[window.name] = {capacity.used_of(account, endpoint, window), window.number}
        end
    end
    return windows
end

local function pauses_of(account)
    local pauses = {}
    for _, what in ipairs(PAUSES) do
        local till, status = records.many(accounts.record(account), what .. '_until', what .. '_status')
        if number(till) > call.now then
            pauses[what] = number(status)
        end
    end
    return pauses
end

local function counts_of(account)
    local found, counted = {}, redis.call('HGETALL', base.key('COUNTS', account))
    for n = 1, #counted, 2 do
        local place = string.match(counted[n], '^[^:]*:[^:]*')
        found[place] = (found[place] or 0) + counted[n + 1]
    end
    return found
end

local function waiting_of(account)
    local waiting = {prepare = redis.call('ZCARD', base.key('WAITING', account, 'prepare'))}
    for _, endpoint in ipairs(ENDPOINTS) do
        waiting[endpoint] = redis.call('ZCARD', base.key('WAITING', account, endpoint))
    end
    return waiting
end

local function stream_of(account)
    local connected, heard, ended, unbroken, stalled, opened, broken = unpack(redis.call('HMGET', base.key('STREAM', account),
        'connected_at', 'heard_at', 'ended_at', 'unbroken_since', 'stalled_at', 'opened', 'broken'))
    if not (heard or connected or ended or stalled) then
        return nil
    end
    return {
        connected_ms = connected and call.now - connected or nil,
        heard_ms = heard and call.now - heard or nil,
        unbroken_ms = unbroken and heard and math.max(0, heard - unbroken) or nil,
        stalled = number(stalled) > number(heard) and 1 or nil,
        opened = number(opened),
        broken = number(broken),
    }
end

local function spent_of(account)
    local spent = {extract = number(records.get(accounts.record(account), 'spent:extract'))}
    for _, endpoint in ipairs(ENDPOINTS) do
        spent[endpoint] = number(records.get(accounts.record(account), 'spent:' .. endpoint))
    end
    return spent
end

local function measured(account)
    local limits = accounts.limits_of(account)
    local halted, past = records.many(accounts.record(account), 'halted', 'past')
    local lease = redis.call('GET', base.key('LEASE', account))
    local ends = records.get(accounts.record(account), 'token_ends')
    local cap, left = capacity.slots_cap(limits), budget.account_left(account, limits)
    return {
        name = account,
        jobs = redis.call('ZCARD', base.key('PERMITS', account)),
        jobs_limit = limits.jobs,
        working = limits.working,
        slots_used = redis.call('ZCARD', base.key('IDENTITIES', account)),
        slots_reserved = sum(redis.call('HVALS', base.key('SLOTS', account))),
        slots_limit = cap < math.huge and cap or nil,
        windows = windows_of(account, limits),
        pauses = pauses_of(account),
        halted = halted and 'person' or past and 'past' or nil,
        waiting = waiting_of(account),
        parked = sum(redis.call('HVALS', base.key('PARKED_OF', account))),
        fronts = fronts_of(account),
        counts = counts_of(account),
        spent = spent_of(account),
        credits = tonumber(records.get(accounts.record(account), 'credits') or nil),
        budget = limits.budget,
        budget_left = left < math.huge and left or nil,
        token_ends_ms = ends and ends - call.now or nil,
        leased = lease and is_alive[lease] ~= false and 1 or nil,
        stream = stream_of(account),
    }
end

local found = {}
for n, account in ipairs(A.accounts) do
    found[n] = measured(account)
end
return cjson.encode(found)
