-- What stands in a queue's list, or beside it, and is no message that can be run at once.
local entries = {}

local key = base.key

-- Whether a list element may be the id of a message.
local function is_id(element)
    return element ~= '' and #element <= 512 and not string.find(element, '^\239?\187?\191?%s*[%[{"]')
end

-- A list element without a message may be a brief that somebody pushed as it is: it is its own message then, under its
-- digest, so that the same text pushed twice is one brief. It may be the id of a message that is about to come, as
-- nothing makes others write both at once. Returns the id of a message that can be run, or nil.
function entries.sort(queue, element)
    local bare = 'bare-' .. redis.sha1hex(element)
    if #element > SETTING.most_bytes then
        dead_letters.add(queue, bare, element, {at = call.now, error = 'it has ' .. #element .. ' bytes, more than are read of any message'})
    elseif queue == SETTING.inlet and string.find(element, '^\239?\187?\191?%s*{') then
        redis.call('HSET', key('MESSAGES', queue), bare, element)
        return bare
    elseif not is_id(element) then
        dead_letters.add(queue, bare, element, {at = call.now, error = 'it is neither the id of a message nor a brief, which is a JSON object'})
    else
        redis.call('ZADD', key('LATE', queue), 'NX', call.now, element)
    end
end

-- The ids whose messages were not there: queue those that have come, and make dead letters of those that did not
-- within SETTING.patience ms.
function entries.look_for_late(queue)
    local late, name = key('LATE', queue), key('QUEUE', queue)
    local ids = redis.call('ZRANGE', late, 0, 99, 'WITHSCORES')
    for n = 1, #ids, 2 do
        local id, since = ids[n], tonumber(ids[n + 1])
        if redis.call('HEXISTS', name .. '.msgs', id) == 1 then
            redis.call('RPUSH', name, id)
            redis.call('ZREM', late, id)
        elseif redis.call('HEXISTS', name .. '.DQ.msgs', id) == 1 then
            redis.call('RPUSH', name .. '.DQ', id)
            redis.call('ZREM', late, id)
        elseif call.now - since > SETTING.patience then
            local inlet = queue ~= SETTING.inlet and queue ~= SETTING.steps and queue
            local owner, shown = inlet and SETTING.inlet or queue, inlet and base.marked(inlet, id) or id
            dead_letters.add(owner, shown, '', {at = call.now, error = 'the list had this id, but no message of it came within '
                .. SETTING.patience / 1000 .. ' s: HSET ' .. name .. '.msgs first, then RPUSH'})
            redis.call('ZREM', late, id)
        end
    end
end

-- Move up to so many messages of a further inlet's queue to the inlet's; returns how many. What is neither a message nor
-- a brief becomes a dead letter there, and an id without a message is looked for again.
function entries.take_in(inlet, suffix, room)
    local from, to = key('QUEUE', inlet) .. suffix, SETTING.inlet .. suffix
    local list, hash = redis.call('TYPE', from).ok, redis.call('TYPE', from .. '.msgs').ok
    if list ~= 'list' or (hash ~= 'hash' and hash ~= 'none') then
        return 0 -- it is empty, or what stands there is no queue: its error would keep the worker from all others
    end
    local moved = 0
    while moved < room do
        local element = redis.call('LPOP', from)
        if not element then
            break
        end
        local text = redis.call('HGET', from .. '.msgs', element)
        if text then
            redis.call('HDEL', from .. '.msgs', element)
            base.queue_message(to, base.marked(inlet, element), text)
        elseif is_id(element) then
            redis.call('ZADD', key('LATE', inlet), 'NX', call.now, element)
        else
            base.queue_message(to, base.marked(inlet, 'bare-' .. redis.sha1hex(element)), element)
        end
        moved = moved + 1
    end
    return moved
end

-- When a message is to run that somebody delayed; at once if it does not say.
local function eta_of(text)
    local ok, message = pcall(cjson.decode, text)
    local options = ok and type(message) == 'table' and message.options
    local eta = type(options) == 'table' and tonumber(options.eta)
    return eta and eta == eta and eta or call.now
end

-- Stock Dramatiq puts what is delayed on a queue of its own, and its workers keep it in memory until it is due. Here it
-- stays in Redis, sorted by when that is: SETTING.longest_delay ms ahead at the most, beyond which it is a dead letter.
function entries.take_delayed()
    local name, bytes = key('QUEUE', SETTING.inlet), 0
    local list, hash = redis.call('TYPE', name .. '.DQ').ok, redis.call('TYPE', name .. '.DQ.msgs').ok
    if list ~= 'list' or (hash ~= 'hash' and hash ~= 'none') then
        return -- nothing is delayed, or what stands there is no queue: its error would keep the worker from all others
    end
    for _ = 1, 100 do
        local id = bytes < SETTING.most_bytes and redis.call('LPOP', name .. '.DQ')
        if not id then
            break
        end
        local size = redis.call('HSTRLEN', name .. '.DQ.msgs', id)
        bytes = bytes + size
        local text = size > 0 and size <= SETTING.most_bytes and redis.call('HGET', name .. '.DQ.msgs', id)
        local eta = text and eta_of(text) or call.now
        if eta > call.now + SETTING.longest_delay then
            redis.call('HDEL', name .. '.DQ.msgs', id)
            dead_letters.add(SETTING.inlet, id, text, {at = call.now, error = 'it is delayed by more than ' .. SETTING.longest_delay / 86400000 .. ' days'})
        elseif redis.call('HEXISTS', name .. '.DQ.msgs', id) == 1 then
            redis.call('ZADD', KEY.DELAYED, string.format('%.0f', eta), id)
        else
            redis.call('RPUSH', name, id) -- which tells what it is
        end
    end
end

-- Queue those of the delayed messages whose time has come.
function entries.queue_what_is_due()
    local name = key('QUEUE', SETTING.inlet)
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEY.DELAYED, '-inf', call.now, 'LIMIT', 0, 100)) do
        local text = redis.call('HGET', name .. '.DQ.msgs', id)
        redis.call('ZREM', KEY.DELAYED, id)
        if text then
            redis.call('HDEL', name .. '.DQ.msgs', id)
            base.queue_message(SETTING.inlet, id, text)
        end
    end
end

-- What was put aside for want of room among the dead letters comes back once half of them are gone.
function entries.look_beyond()
    local bytes = tonumber(redis.call('GET', KEY.DEAD_LETTER_BYTES) or 0)
    local number = redis.call('ZCARD', key('DEAD_LETTERS', SETTING.inlet))
    for _ = 1, number < SETTING.most_dead_letters / 2 and bytes < SETTING.most_dead_letter_bytes / 2 and 100 or 0 do
        local text = redis.call('LPOP', KEY.DEAD_LETTERS_BEYOND)
        if not text then
            break
        end
        redis.call('RPUSH', key('QUEUE', SETTING.inlet), text)
    end
end

return entries
