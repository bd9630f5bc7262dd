-- What leaves a call: events for downstream, messages for the actors, timers.
local outbox = {}

local key, record_of, kind_of, brief_of = base.key, base.record_of, base.kind_of, base.brief_of
local whole, is_known = base.whole, base.is_known

-- Civil date from days since 1970 (proleptic Gregorian, 400-year eras): the server has no date function.
local function iso_time(ms)
    local seconds = math.floor(ms / 1000)
    local days = math.floor(seconds / 86400)
    local rest = seconds % 86400
    local z = days + 719468
    local era = math.floor(z / 146097)
    local day_of_era = z - era * 146097
    local year_of_era = math.floor(
        (day_of_era - math.floor(day_of_era / 1460) + math.floor(day_of_era / 36524) - math.floor(day_of_era / 146096)) / 365)
    local day_of_year = day_of_era - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
    local m = math.floor((5 * day_of_year + 2) / 153)
    local month = m < 10 and m + 3 or m - 9
    local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
    return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month,
        day_of_year - math.floor((153 * m + 2) / 5) + 1,
        math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end

-- The mean size of the events on the stream, of the oldest and the newest.
local function mean_event()
    local bytes, count = 0, 0
    for _, part in ipairs({redis.call('XRANGE', KEY.EVENTS, '-', '+', 'COUNT', 100),
        redis.call('XREVRANGE', KEY.EVENTS, '+', '-', 'COUNT', 100)}) do
        for _, entry in ipairs(part) do
            bytes, count = bytes + #entry[2][2], count + 1
        end
    end
    return bytes / count
end

-- Drop the oldest events beyond keep_events of them, or keep_event_bytes in all; once for all that a call has added.
local function trim_stream()
    local added = call.events
    call.events = nil
    local length = redis.call('XLEN', KEY.EVENTS)
    local entries, bytes = unpack(redis.call('HMGET', KEY.EVENTS_SIZE, 'entries', 'bytes'))
    entries, bytes = (tonumber(entries) or 0) + added.entries, (tonumber(bytes) or 0) + added.bytes
    if entries ~= length then
        -- Whoever reads them may trim them too, and older versions did not count: then the mean serves.
        bytes = mean_event() * length
    end
    for _ = 1, 100 * added.entries do -- where the limit was lowered, some at each event
        if length == 1 or (length <= SETTING.keep_events and bytes <= SETTING.keep_event_bytes) then
            break
        end
        local oldest = redis.call('XRANGE', KEY.EVENTS, '-', '+', 'COUNT', 1)[1]
        redis.call('XDEL', KEY.EVENTS, oldest[1])
        length, bytes = length - 1, math.max(0, bytes - #oldest[2][2])
    end
    redis.call('HSET', KEY.EVENTS_SIZE, 'entries', length, 'bytes', whole(bytes))
end

local function put_on_stream(event)
    redis.call('XADD', KEY.EVENTS, '*', 'event', event)
    if not call.events then
        call.events = {entries = 0, bytes = 0}
        call.at_end[#call.at_end + 1] = trim_stream
    end
    call.events.entries, call.events.bytes = call.events.entries + 1, call.events.bytes + #event
end

-- Append a CloudEvent; `envelope` and `more` are the insides of JSON objects, `more` '' for nothing.
-- The text is put together here, not decoded and encoded: metadata must come out as it came in.
-- `trace` is the traceparent of its brief (or none): an extension of CloudEvents, Distributed Tracing.
function outbox.append(id, account, subject, type, envelope, more, trace)
    local event = '{"specversion":"1.0","id":"' .. id
        .. '","source":"identity-worker/' .. account .. '","type":"' .. type
        .. '","subject":"' .. subject .. '","time":"' .. iso_time(call.now)
        .. (trace and '","traceparent":"' .. trace or '')
        .. '","datacontenttype":"application/json","data":{' .. envelope
        .. (more ~= '' and ',' .. more or '') .. '}}'
    put_on_stream(event)
end

-- Append a CloudEvent about a subject, numbered among those of its brief.
function outbox.emit(subject, type, more)
    local brief = brief_of(subject)
    local record = record_of(base.brief_subject(brief))
    local known = {records.many(record, 'account', 'envelope')}
    if not known[2] then
        return -- a promotion whose brief was deleted: nobody knows any more whom to tell
    end
    local number = records.add(record, 'events', 1)
    local trace = records.get(record, 'trace') or nil
    outbox.append(brief .. '/' .. number, known[1], subject, type, known[2], more, trace)
end

-- Append a CloudEvent about an account, numbered among its own. No brief's id has a slash in it.
function outbox.emit_of_account(account, type, more)
    local subject = 'account:' .. account
    local number = records.add(record_of(subject), 'events', 1)
    local envelope = '"brief_id":null,"batch":null,"account":' .. cjson.encode(account) .. ',"metadata":{}'
    outbox.append('account/' .. account .. '/' .. number, account, subject, type, envelope, more)
end

-- When an account resumes, one call may send thousands of steps and set as many timers, but Lua passes only some thousand
-- arguments to a command.
local function in_parts(command, to, arguments)
    for first = 1, #arguments, 1000 do
        redis.call(command, to, unpack(arguments, first, math.min(first + 999, #arguments)))
    end
end

-- Queue the steps of this call, all at once.
function outbox.queue_steps()
    local texts, ids = {}, {}
    for _, step in ipairs(call.steps or {}) do
        texts[#texts + 1] = step.id
        texts[#texts + 1] = step.text
        ids[#ids + 1] = step.id
    end
    call.steps = nil
    in_parts('HSET', key('MESSAGES', 'steps'), texts)
    in_parts('RPUSH', key('QUEUE', 'steps'), ids)
end

-- Take the first step of this call before it is queued: its id, text and subject; nil where there is none.
function outbox.take_step()
    local step = table.remove(call.steps or {}, 1)
    if not step then
        return nil
    end
    redis.call('HSET', key('MESSAGES', 'steps'), step.id, step.text)
    return step.id, step.text, step.subject
end

-- Send a step as Dramatiq itself would (tests/actors/broker/test_broker.py pins the layout), at the end of the call.
function outbox.send(actor, subject)
    local id = 'step-' .. redis.call('INCR', KEY.SEQUENCE)
    local message = '{"queue_name":"steps","actor_name":"' .. actor .. '","args":[' .. cjson.encode(subject)
        .. '],"kwargs":{},"options":{"redis_message_id":"' .. id .. '"},"message_id":"' .. id
        .. '","message_timestamp":' .. whole(call.now) .. '}'
    if not call.steps then
        call.steps = {}
        call.at_end[#call.at_end + 1] = outbox.queue_steps
    end
    call.steps[#call.steps + 1] = {id = id, text = message, subject = subject}
    return id
end

-- The listeners sleep until the first timer is due, and never longer than SETTING.idle_ms; an earlier one must wake them.
local function wake_listeners(due)
    if due >= call.now + SETTING.idle_ms then
        return
    end
    local first = redis.call('ZRANGE', KEY.TIMERS, 0, 0, 'WITHSCORES')
    if (not first[2] or due < tonumber(first[2])) and redis.call('LLEN', KEY.ALARM) == 0 then
        redis.call('LPUSH', KEY.ALARM, '1')
    end
end

-- Write the timers of this call now, for code that reads them from Redis.
function outbox.write_timers()
    local set, gone, earliest = {}, {}, math.huge
    for subject, due in pairs(call.timers or {}) do
        if due then
            set[#set + 1] = whole(due)
            set[#set + 1] = subject
            earliest = math.min(earliest, due)
        else
            gone[#gone + 1] = subject
        end
    end
    call.timers = {}
    if #set > 0 then
        wake_listeners(earliest)
        in_parts('ZADD', KEY.TIMERS, set)
    end
    in_parts('ZREM', KEY.TIMERS, gone)
end

local function keep_timer(subject, due)
    if not call.timers then
        call.timers = {}
        call.at_end[#call.at_end + 1] = outbox.write_timers
    end
    call.timers[subject] = due
end

-- Timers are written at the end of the call, all at once.
function outbox.set_timer(subject, due)
    keep_timer(subject, due)
end

function outbox.clear_timer(subject)
    keep_timer(subject, false)
end

function outbox.set_timer_sooner(subject, due)
    local before = call.timers and call.timers[subject]
    if before == nil then
        before = tonumber(redis.call('ZSCORE', KEY.TIMERS, subject))
    end
    if before and due < before then
        outbox.set_timer(subject, due)
    end
end

-- Queue a record's step, and remember it and since when: until the step has looked, more wakes are one.
function outbox.send_step(record, actor, subject)
    records.set(record, 'hinted', whole(call.now), 'message', outbox.send(actor, subject))
end

-- Wake the step that a record's state waits for, unless it is queued; a message lost from the queue is sent again.
function outbox.wake(subject)
    local record = record_of(subject)
    local state, woken_at, message = records.many(record, 'state', 'hinted', 'message')
    local kind = kind_of(subject)
    if not is_known(kind, state) then
        return
    end
    if not state then
        outbox.send('release_orphan', subject)
        return
    end
    local actor = STATES[kind][state].actor
    if not actor or call.now - (tonumber(woken_at) or 0) <= SETTING.lost_ms then
        return
    end
    -- Without workers a message is old and not lost; one more every few minutes would be no help.
    if woken_at and message and redis.call('HEXISTS', key('MESSAGES', 'steps'), message) == 1 then
        return
    end
    outbox.send_step(record, actor, subject)
end

return outbox
