-- Dead letters: messages that no worker could run, each with its reason.
local dead_letters = {}

local key = base.key

-- A dead letter is no more: it was brought back, thrown away, or is too old.
function dead_letters.forget(queue, id)
    local name = key('DEAD_LETTERS', queue)
    local size = redis.call('HSTRLEN', name .. '.msgs', id)
    if queue == SETTING.steps and size > 0 then
        redis.call('HDEL', KEY.DEATHS, base.topic_of(queue, id, redis.call('HGET', name .. '.msgs', id)))
    end
    redis.call('ZREM', name, id)
    redis.call('HDEL', KEY.DEAD_LETTER_REASONS, id)
    if redis.call('HDEL', name .. '.msgs', id) == 1 and queue == SETTING.inlet and redis.call('DECRBY', KEY.DEAD_LETTER_BYTES, size) <= 0 then
        redis.call('DEL', KEY.DEAD_LETTER_BYTES) -- letters that Dramatiq wrote were never counted
    end
end

-- Those that were made in this call, for the log: id and reason of each, cut short.
function dead_letters.made()
    return call.dead_letters or {}
end

-- Whether there are as many dead letters of the inlet as are kept with their reasons.
function dead_letters.are_full(more)
    local bytes = tonumber(redis.call('GET', KEY.DEAD_LETTER_BYTES) or 0)
    local number = redis.call('ZCARD', key('DEAD_LETTERS', SETTING.inlet))
    return number >= SETTING.most_dead_letters or bytes + (more or 0) > SETTING.most_dead_letter_bytes
end

-- Make what stood in a queue a dead letter, with its reason; a step's brief is held by the step that this sends.
-- Where there are too many, an entry of the inlet is put aside as it is, and is looked at once there is room: a
-- reason for each of a flood of bytes would be larger than the flood.
function dead_letters.add(queue, id, text, reason)
    local name, made = key('QUEUE', queue), dead_letters.made()
    made[#made + 1] = string.sub(id, 1, 100)
    made[#made + 1] = reason.error
    call.dead_letters = made
    local topic, actor = base.topic_of(queue, id, text)
    local is_to_hold = actor and actor ~= SETTING.holder
    -- Until its brief is held the step may be queued again; of what has no record nothing is held.
    if not is_to_hold or redis.call('EXISTS', key('RECORD', base.subject_of(text))) == 0 then
        redis.call('HDEL', KEY.DEATHS, topic)
    end
    if text == '' and redis.call('HSTRLEN', name .. '.XQ.msgs', id) > 0 then
        return -- the message of this id is a dead letter already
    end
    id = base.id_beside(name .. '.XQ.msgs', id, text)
    dead_letters.forget(queue, id)
    if queue == SETTING.inlet then
        -- What came by a further inlet keeps its id, which tells that; no more of it comes while there is no room.
        if dead_letters.are_full(#text) and not base.inlet_of(id) then
            redis.call('RPUSH', KEY.DEAD_LETTERS_BEYOND, text ~= '' and text or id)
            return
        end
        redis.call('INCRBY', KEY.DEAD_LETTER_BYTES, #text)
    end
    redis.call('ZADD', name .. '.XQ', call.now, id)
    redis.call('HSET', name .. '.XQ.msgs', id, text)
    redis.call('HSET', KEY.DEAD_LETTER_REASONS, id, cjson.encode(reason))
    if is_to_hold then
        local holding = 'hold-' .. id
        redis.call('HSET', name .. '.msgs', holding, cjson.encode({
            queue_name = queue, actor_name = SETTING.holder, args = {id}, kwargs = {},
            options = {redis_message_id = holding}, message_id = holding, message_timestamp = call.now,
        }))
        redis.call('RPUSH', name, holding)
    end
end

-- Make a message a dead letter that has killed as many workers as may die of one thing; returns whether it has.
function dead_letters.add_deadly(queue, id, text, deaths)
    if #deaths < SETTING.most_deaths then
        return false
    end
    redis.call('HDEL', key('MESSAGES', queue), id)
    dead_letters.add(queue, id, text, {at = call.now, error = #deaths .. ' workers died while it ran', deaths = deaths})
    return true
end

return dead_letters
