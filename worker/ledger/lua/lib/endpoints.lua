-- Endpoints of webhooks: what each is to be sent, when, and how it fares (worker/hooks, actors/deliverer).
-- For each brief that an endpoint is to be told of there is one row. `events` are the entries of the stream in their
-- order, of which the first is the next to be sent; `tries` and `since` are of that one; `claim` says who sends it now.
local endpoints = {}

local key, whole = base.key, base.whole
-- Lost ones that are looked for at each event: more than one, so that what is lost never grows.
local LOOKED_AT = 2
-- What stands for the common fields in an event that is about no brief.
local OF_NO_BRIEF = '"brief_id":null,"batch":null,"account":null,"metadata":{}'

-- Whether an entry of the stream comes before another: time, then number. A text would put 10 before 9.
local function comes_before(one, other)
    local ms, number = string.match(one, '^(%d+)-(%d+)$')
    local other_ms, other_number = string.match(other, '^(%d+)-(%d+)$')
    if ms == other_ms then
        return tonumber(number) < tonumber(other_number)
    end
    return tonumber(ms) < tonumber(other_ms)
end

-- The text of an event, nil where the stream has it no more.
function endpoints.text_of(entry)
    local found = redis.call('XRANGE', KEY.EVENTS, entry, entry)[1]
    return found and found[2][2]
end

function endpoints.row(name, brief)
    local text = redis.call('HGET', key('HOOK_WAITING', name), brief)
    return text and cjson.decode(text) or nil
end

-- Write what an endpoint is to be sent of a brief, and when its next; a row without events is gone.
function endpoints.write(name, brief, row, due)
    if #row.events == 0 then
        redis.call('HDEL', key('HOOK_WAITING', name), brief)
        redis.call('ZREM', key('HOOK_DUE', name), brief)
        return
    end
    redis.call('HSET', key('HOOK_WAITING', name), brief, cjson.encode(row))
    redis.call('ZADD', key('HOOK_DUE', name), whole(due), brief)
end

-- Take the first event out of a row: the one behind it begins anew.
function endpoints.drop_first(name, row)
    table.remove(row.events, 1)
    row.tries, row.since, row.claim = nil, nil, nil
    redis.call('HINCRBY', key('HOOK', name), 'waiting', -1)
end

-- Drop what the stream has no more from the front of a row; returns the text of its first event, nil if none is left.
function endpoints.first_text(name, row)
    while #row.events > 0 do
        local text = endpoints.text_of(row.events[1])
        if text then
            return text
        end
        endpoints.drop_first(name, row)
        redis.call('HINCRBY', key('HOOK', name), 'lost', 1)
    end
    return nil
end

-- Of an endpoint that nothing is sent to, what the stream has no more must not stay for ever.
local function drop_lost(name)
    for _, brief in ipairs(redis.call('ZRANGE', key('HOOK_DUE', name), 0, LOOKED_AT - 1)) do
        local row = endpoints.row(name, brief)
        local due = redis.call('ZSCORE', key('HOOK_DUE', name), brief)
        local before = #row.events
        endpoints.first_text(name, row)
        if #row.events < before then
            endpoints.write(name, brief, row, tonumber(due))
        end
    end
end

-- Add an event to what an endpoint is to be sent of a brief, at its place in the order; one that waits already is not
-- sent twice. The one that is being sent stays the first.
function endpoints.add(name, brief, entry)
    local row = endpoints.row(name, brief)
    local is_new = not row
    row = row or {events = {}}
    local place = #row.events + 1
    while place > (row.claim and 2 or 1) and comes_before(entry, row.events[place - 1]) do
        place = place - 1
    end
    if row.events[place - 1] == entry then
        return
    end
    table.insert(row.events, place, entry)
    if place == 1 then
        row.tries, row.since = nil, nil
    end
    local due = is_new and call.now or tonumber(redis.call('ZSCORE', key('HOOK_DUE', name), brief))
    redis.call('HINCRBY', key('HOOK', name), 'waiting', 1)
    endpoints.write(name, brief, row, due)
    if redis.call('HEXISTS', key('HOOK', name), 'paused') == 1 then
        drop_lost(name)
    end
end

-- Note that a message was taken: the endpoint is well.
function endpoints.well(name)
    local hook = key('HOOK', name)
    redis.call('HDEL', hook, 'failures', 'failing_since', 'rest_until', 'error')
    redis.call('HINCRBY', hook, 'taken', 1)
    redis.call('HSET', hook, 'taken_at', whole(call.now))
end

-- The log of an endpoint, and the list of what it was not sent, are bounded.
function endpoints.trim(name)
    redis.call('LTRIM', key('HOOK_LOG', name), 0, SETTING.hook_log - 1)
    for _, entry in ipairs(redis.call('ZRANGE', key('HOOK_FAILED', name), 0, -SETTING.hook_log - 1)) do
        redis.call('ZREM', key('HOOK_FAILED', name), entry)
    end
end

local function pause(name, why, since)
    local hook = key('HOOK', name)
    redis.call('HSET', hook, 'paused', cjson.encode({at = call.now, by = 'identity-worker', why = why}))
    local data = {endpoint = name, why = why, failing_since = since}
    data.waiting = tonumber(redis.call('HGET', hook, 'waiting')) or 0
    -- No brief's id has a #.
    local id = 'hook#' .. name .. '/' .. redis.call('HINCRBY', hook, 'pauses', 1)
    local told = string.sub(cjson.encode(data), 2, -2)
    outbox.append(id, 'hooks', 'hook:' .. name, EVENT.hook_paused, OF_NO_BRIEF, told)
end

-- Note that a message was not taken. After some in a row the endpoint has a rest, longer each time; after days without
-- one that was, or where it says that it is gone, it is paused. Returns whether it is.
function endpoints.failed(name, claim, why, jitter, is_gone)
    local hook = key('HOOK', name)
    local claims = redis.call('HGET', KEY.HOOKS_AT, 'claims')
    local failed_at, failures = unpack(redis.call('HMGET', hook, 'failed_at', 'failures'))
    failures = tonumber(failures) or 0
    redis.call('HSETNX', hook, 'failing_since', whole(call.now))
    redis.call('HSET', hook, 'error', why)
    local since = tonumber(redis.call('HGET', hook, 'failing_since'))
    if is_gone or call.now - since >= SETTING.hook_patience_ms then
        if redis.call('HEXISTS', hook, 'paused') == 0 then
            pause(name, why, since)
        end
        return true
    end
    -- Those that were under way together have met the same trouble, which counts once.
    if claim > (tonumber(failed_at) or 0) then
        failures = failures + 1
        redis.call('HSET', hook, 'failures', failures, 'failed_at', claims)
        if failures >= SETTING.hook_failures then
            local rest = SETTING.hook_rest_ms * 2 ^ math.min(failures - SETTING.hook_failures, 20)
            rest = math.min(rest, SETTING.hook_rest_most_ms) * jitter
            redis.call('HSET', hook, 'rest_until', whole(call.now + rest))
        end
    end
    return false
end

return endpoints
