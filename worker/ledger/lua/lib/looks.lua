-- When the API is first asked about a job in flight of which no event has spoken.
--
-- If the account's event stream is followed, the end of each job is told. Then the first look waits until such jobs have
-- usually ended, and finds only those whose event was lost. Whatever interrupts the stream brings the looks forward.
local looks = {}

local key, record_of, whole = base.key, base.record_of, base.whole

-- Beyond the longest of the latest jobs; and the part of the way by which a shorter one brings that down.
local MARGIN, DECAY = 1.25, 1 / 20

local function field_of(product)
    return product.duration .. '_told_ms'
end

-- Returns in how many ms the API is first asked about a job that has just begun: later where an event will tell of its
-- end. Never later for a job that holds no permit: it is in no list of the account's, so its look could not be brought
-- forward.
function looks.first_after(account, product, ms)
    local longest = product.counts and records.get(accounts.record(account), field_of(product))
    if not longest then
        return ms
    end
    local connected_at, heard_at, stalled_at = unpack(
        redis.call('HMGET', key('STREAM', account), 'connected_at', 'heard_at', 'stalled_at'))
    heard_at = tonumber(heard_at) or 0
    if not connected_at or call.now - heard_at > SETTING.heard_ms or (tonumber(stalled_at) or 0) > heard_at then
        return ms
    end
    return math.max(ms, math.min(longest * MARGIN, SETTING.look_most_ms))
end

-- Learn how long a job took that began at `since` and has ended now. Only a job counts whose end an event has told, on a
-- stream that was open all the while: if jobs that a look has found counted, each would put off the next look.
function looks.learn(account, subject, since)
    local told_at = tonumber(records.get(record_of(subject), 'told_at')) or 0
    if told_at < since then
        return
    end
    local connected_at = tonumber(redis.call('HGET', key('STREAM', account), 'connected_at'))
    if not connected_at or connected_at > since then
        return
    end
    local record, field, took = accounts.record(account), field_of(base.product_of(subject)), call.now - since
    local longest = tonumber(records.get(record, field)) or 0
    records.set(record, field, whole(math.max(took, longest - (longest - took) * DECAY)))
end

-- Bring an account's looks forward, as if there were no stream: events may be missing from now on.
function looks.bring_back(account)
    for _, subject in ipairs(redis.call('ZRANGE', key('PERMITS', account), 0, -1)) do
        local state, since = records.many(record_of(subject), 'state', 'moved_at')
        if state and state == base.product_of(subject).running then
            outbox.set_timer_sooner(subject, math.max(call.now, since + SETTING.look_ms))
        end
    end
end

return looks
