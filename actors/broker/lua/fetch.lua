-- fetch: take messages from a queue, on record as in this worker's hands.
--
-- worker, queue, most
-- Returns two lists: id, message, topic, id, message, topic, ...; the topic is '' unless a worker died with it in hand.
-- And id, reason, id, reason, ... of what was made a dead letter here, so that no message leaves the server before its
-- size was looked at.
--
-- Atomic: a message is either in the queue or in the hands of somebody on the list of workers: nobody looks into any
-- other's. Whoever takes one may have been taken for dead since its last sign of life, or have given none yet.
-- It stands in for Dramatiq's own fetch, which returns no ids: without them a message that can't be read could not be
-- put aside. Of those that a worker has died with, a worker gets one at a time: if it dies again, its neighbours are
-- not suspected with it.
base.sign_in(A.worker)
local name = base.key('QUEUE', A.queue)
local any_suspects = redis.call('EXISTS', KEY.DEATHS) == 1

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
local function beside_dead_letter(id)
    if redis.call('HEXISTS', name .. '.XQ.msgs', id) == 0 then
        return id
    end
    local text = redis.call('HGET', name .. '.msgs', id)
    local own = base.id_beside(name .. '.XQ.msgs', id, text)
    redis.call('HDEL', name .. '.msgs', id)
    redis.call('HSET', name .. '.msgs', own, text)
    dead_letters.forget(A.queue, own)
    return own
end

-- Returns the id of the next message that can be run, nil where the element is none, and the element; nil of none.
local function next_id()
    local id = redis.call('LPOP', name)
    if not id then
        return nil, nil
    end
    local size = redis.call('HSTRLEN', name .. '.msgs', id)
    if size > SETTING.most_bytes then
        local text = redis.call('HGET', name .. '.msgs', id)
        redis.call('HDEL', name .. '.msgs', id)
        dead_letters.add(A.queue, id, text, {at = call.now, error = 'it has ' .. size .. ' bytes, more than are read of any message'})
        return nil, id
    elseif size == 0 and redis.call('HEXISTS', name .. '.msgs', id) == 0 then
        local bare = entries.sort(A.queue, id)
        return bare and beside_dead_letter(bare), id
    end
    redis.call('ZREM', base.key('LATE', A.queue), id)
    return beside_dead_letter(id), id
end

local busy = has_suspect()
local taken, passed = {}, {}
local odd = 0
while #taken < 3 * A.most and odd < 100 do -- a flood of what is no message may not keep the server to itself
    local id, element = next_id()
    if not element then
        break
    end
    -- Of two messages with one id the second waits: what ends the one here would end the other.
    local again = id and redis.call('SISMEMBER', base.hands_of(A.worker, A.queue), id) == 1
    odd = odd + ((again or not id) and 1 or 0)
    local message = id and redis.call('HGET', name .. '.msgs', id)
    local topic = message and suspected(A.queue, id, message)
    if again then
        passed[#passed + 1] = element
    elseif topic and busy then
        passed[#passed + 1] = id
    elseif message then
        busy = busy or topic
        redis.call('SADD', base.hands_of(A.worker, A.queue), id)
        taken[#taken + 1] = id
        taken[#taken + 1] = message
        taken[#taken + 1] = topic or ''
    end
end
for n = #passed, 1, -1 do
    redis.call('LPUSH', name, passed[n])
end
return {taken, dead_letters.made()}
