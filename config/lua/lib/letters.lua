-- What the broker's scripts begin with: their arguments, the names of a queue's keys, dead letters, and what a dead
-- worker's end may be put down to.
--
-- ARGV[1]  the arguments, one JSON object. In all: namespace, queues (the inlet first), steps (the queue of the
--          steps), holder (the actor that takes up a dead step), deaths, letters and workers (keys), worker (this
--          worker's id, '' of nobody's)
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
    if queue == A.steps then
        local ok, message = pcall(cjson.decode, text)
        local args = ok and type(message) == 'table' and message.args
        local subject = type(args) == 'table' and args[1]
        if type(subject) == 'string' and type(message.actor_name) == 'string' then
            return message.actor_name .. ' ' .. subject, message.actor_name
        end
    end
    return queue .. '/' .. id
end

-- Make a message a dead letter, with its reason; a step's brief is held by the step that this sends.
local function bury(queue, id, text, reason)
    local name = queue_key(queue)
    redis.call('HDEL', name .. '.msgs', id)
    redis.call('ZADD', name .. '.XQ', NOW, id)
    redis.call('HSET', name .. '.XQ.msgs', id, text)
    redis.call('HSET', A.letters, id, cjson.encode(reason))
    local topic, actor = topic_of(queue, id, text)
    redis.call('HDEL', A.deaths, topic)
    if actor and actor ~= A.holder then
        local holding = 'hold-' .. id
        redis.call('HSET', name .. '.msgs', holding, cjson.encode({
            queue_name = queue, actor_name = A.holder, args = {id}, kwargs = {},
            options = {redis_message_id = holding}, message_id = holding, message_timestamp = NOW,
        }))
        redis.call('RPUSH', name, holding)
    end
end
