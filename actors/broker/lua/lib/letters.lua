-- What the broker's scripts begin with: their arguments, the names of a queue's keys, dead letters, and what a dead
-- worker's end may be put down to.
--
-- ARGV[1]  the arguments, one JSON object. In all: namespace, queues, inlet and steps (the two queues), holder (the
--          actor that takes up a dead step), deaths, letters, letter_bytes, beyond, late, delayed and workers (keys),
--          worker (this worker's id, '' of nobody's), most_bytes = bytes of the longest envelope that is read,
--          most_letters, most_letter_bytes = what the dead letters of a queue may be, in number and together
-- ARGV[2]  the id of a message, which may be any bytes
local A = cjson.decode(ARGV[1])
local ID = ARGV[2]

local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function queue_key(queue)
    return A.namespace .. ':' .. queue
end

local function hands_of(worker, queue)
    return A.namespace .. ':__acks__.' .. worker .. '.' .. queue
end

-- This worker is alive: should it give no further sign, what it has in hand is put back.
local function sign_in()
    if A.worker ~= '' then
        redis.call('ZADD', A.workers, NOW, A.worker)
    end
end

-- What a message is about: the actor and the subject of a step, also when another message brings it again; of any
-- other message itself.
local function topic_of(queue, id, text)
    if queue == A.steps and #text <= A.most_bytes then
        local ok, message = pcall(cjson.decode, text)
        local args = ok and type(message) == 'table' and message.args
        local subject = type(args) == 'table' and args[1]
        if type(subject) == 'string' and type(message.actor_name) == 'string' then
            return message.actor_name .. ' ' .. subject, message.actor_name
        end
    end
    return queue .. '/' .. id
end

-- The id under which a hash can keep a text: beside another one that has the id already, as nothing keeps those who
-- choose their messages' ids from using one twice.
local function id_beside(hash, id, text)
    local there = redis.call('HGET', hash, id)
    return there and there ~= '' and there ~= text and id .. '-' .. redis.sha1hex(text) or id
end

-- Queue a message.
local function queue_message(queue, id, text)
    local name = queue_key(queue)
    id = id_beside(name .. '.msgs', id, text)
    redis.call('HSET', name .. '.msgs', id, text)
    redis.call('RPUSH', name, id)
end

-- A dead letter is no more: it was brought back, thrown away, or is too old.
local function forget(queue, id)
    local name = queue_key(queue) .. '.XQ'
    local size = redis.call('HSTRLEN', name .. '.msgs', id)
    redis.call('ZREM', name, id)
    redis.call('HDEL', A.letters, id)
    if redis.call('HDEL', name .. '.msgs', id) == 1 and queue == A.inlet and redis.call('DECRBY', A.letter_bytes, size) <= 0 then
        redis.call('DEL', A.letter_bytes) -- letters that Dramatiq wrote were never counted
    end
end

local BURIED = {} -- for the log: id and reason of each, cut short

-- Make what stood in a queue a dead letter, with its reason; a step's brief is held by the step that this sends.
-- Where there are too many, an entry of the inlet is put aside as it is, and is looked at once there is room: a
-- reason for each of a flood of bytes would be larger than the flood.
local function bury(queue, id, text, reason)
    local name = queue_key(queue)
    BURIED[#BURIED + 1] = string.sub(id, 1, 100)
    BURIED[#BURIED + 1] = reason.error
    local topic, actor = topic_of(queue, id, text)
    redis.call('HDEL', A.deaths, topic)
    if text == '' and redis.call('HSTRLEN', name .. '.XQ.msgs', id) > 0 then
        return -- the message of this id is a dead letter already
    end
    id = id_beside(name .. '.XQ.msgs', id, text)
    forget(queue, id)
    if queue == A.inlet then
        local bytes = tonumber(redis.call('GET', A.letter_bytes) or 0)
        if redis.call('ZCARD', name .. '.XQ') >= A.most_letters or bytes + #text > A.most_letter_bytes then
            redis.call('RPUSH', A.beyond, text ~= '' and text or id)
            return
        end
        redis.call('INCRBY', A.letter_bytes, #text)
    end
    redis.call('ZADD', name .. '.XQ', NOW, id)
    redis.call('HSET', name .. '.XQ.msgs', id, text)
    redis.call('HSET', A.letters, id, cjson.encode(reason))
    if actor and actor ~= A.holder then
        local holding = 'hold-' .. id
        redis.call('HSET', name .. '.msgs', holding, cjson.encode({
            queue_name = queue, actor_name = A.holder, args = {id}, kwargs = {},
            options = {redis_message_id = holding}, message_id = holding, message_timestamp = NOW,
        }))
        redis.call('RPUSH', name, holding)
    end
end
