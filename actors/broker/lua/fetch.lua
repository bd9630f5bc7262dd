-- fetch: take messages from a queue, on record as in this worker's hands.
--
--   worker, queue
--   most  messages
-- Returns two lists. The first is {id, message, topic, subject, fields, time}, ...: the topic is '' unless a worker died
-- with the message in hand; a step's message has the subject of its record and all its fields ('' and {} for others);
-- the time is in ms. The second is id, reason, id, reason, ... of what was made a dead letter here, so that no message
-- leaves the server before its size was looked at.
--
-- Atomic: a message is either in the queue or in the hands of somebody on the list of workers, and nobody looks into
-- other hands. A worker that takes one may have been taken for dead since its last sign of life, or have given none
-- yet, so it signs in here. `fetch` stands in for Dramatiq's own, which returns no ids: without them a message that
-- can't be read could not be put aside. Of messages with which a worker has died, a worker gets one at a time: if it
-- dies again, nothing else comes under suspicion with it.
base.sign_in(A.worker)
local name = base.key('QUEUE', A.queue)
-- Of these there are none as a rule, which one command tells of all three.
local any_odd = redis.call('EXISTS', KEY.DEATHS, base.key('LATE', A.queue), name .. '.XQ.msgs') > 0
local any_suspects = any_odd and redis.call('EXISTS', KEY.DEATHS) == 1

local function suspected(queue, id, text)
    local topic = any_suspects and base.topic_of(queue, id, text)
    return topic and redis.call('HEXISTS', KEY.DEATHS, topic) == 1 and topic
end

local function has_suspect()
    for _, queue in ipairs(any_suspects and SETTING.queues or {}) do
        for _, id in ipairs(redis.call('SMEMBERS', base.hands_of(A.worker, queue))) do
            local text = redis.call('HGET', base.key('MESSAGES', queue), id)
            if text and suspected(queue, id, text) then
                return true
            end
        end
    end
    return false
end

-- A message whose id is a dead letter's gets one of its own, or the reason of the one would be taken for the other's.
-- With the same text it is that dead letter, brought back.
local function beside_dead_letter(id, text)
    if not (any_odd or dead_letters.made()[1]) or redis.call('HEXISTS', name .. '.XQ.msgs', id) == 0 then
        return id
    end
    local own = base.id_beside(name .. '.XQ.msgs', id, text)
    redis.call('HDEL', name .. '.msgs', id)
    redis.call('HSET', name .. '.msgs', own, text)
    dead_letters.forget(A.queue, own)
    return own
end

-- Returns the next element, nil where there is none, and the id and the text of its message if that can be run.
local function next_message()
    local element = redis.call('LPOP', name)
    local text = element and redis.call('HGET', name .. '.msgs', element)
    if not element then
        return nil
    elseif not text then
        local bare = entries.sort(A.queue, element)
        return element, bare and beside_dead_letter(bare, element), element
    elseif #text > SETTING.most_bytes then
        redis.call('HDEL', name .. '.msgs', element)
        dead_letters.add(A.queue, element, text, {at = call.now, error = 'it has ' .. #text .. ' bytes, more than are read of any message'})
        return element
    end
    if any_odd then
        redis.call('ZREM', base.key('LATE', A.queue), element)
    end
    return element, beside_dead_letter(element, text), text
end

-- The subject of a step's message and all fields of its record, whose step has looked with that.
local function record_of(text)
    local subject = A.queue == SETTING.steps and base.subject_of(text)
    if not subject or not SETTING.kinds[string.match(subject, '^(%a+):')] then
        return '', {}
    end
    -- What stands there may be no record: the step tells of that.
    if not pcall(redis.call, 'HDEL', base.key('RECORD', subject), 'hinted') then
        return '', {}
    end
    return subject, redis.call('HGETALL', base.key('RECORD', subject))
end

-- Whether it is in hand already; one that is not, and can't be a suspect, is from now on.
local function is_in_hand(id)
    local hands = base.hands_of(A.worker, A.queue)
    if any_suspects then
        return redis.call('SISMEMBER', hands, id) == 1
    end
    return redis.call('SADD', hands, id) == 0
end

local busy = has_suspect()
local taken, passed = {}, {}
local odd = 0
while #taken < A.most and odd < 100 do -- a flood of what is no message may not keep the server to itself
    local element, id, message = next_message()
    if not element then
        break
    end
    -- Of two messages with one id the second waits: what ends the one here would end the other.
    local again = id and is_in_hand(id)
    odd = odd + ((again or not id) and 1 or 0)
    local topic = id and suspected(A.queue, id, message)
    local deaths = topic and cjson.decode(redis.call('HGET', KEY.DEATHS, topic))
    if again then
        passed[#passed + 1] = element
    elseif topic and dead_letters.add_deadly(A.queue, id, message, deaths) then
        odd = odd + 1 -- the step of a dead letter, queued again before its brief is held
    elseif topic and busy then
        passed[#passed + 1] = id
    elseif id then
        busy = busy or topic
        if any_suspects then
            redis.call('SADD', base.hands_of(A.worker, A.queue), id)
        end
        local subject, fields = record_of(message)
        taken[#taken + 1] = {id, message, topic or '', subject, fields, string.format('%.0f', call.now)}
    end
end
for n = #passed, 1, -1 do
    redis.call('LPUSH', name, passed[n])
end
return {taken, dead_letters.made()}
