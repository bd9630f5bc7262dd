-- The names of a queue's keys, its messages and their ids, and what a message is about when a worker dies with it.
local base = {}

function base.key(name, ...)
    return string.format(KEY[name], ...)
end

local key = base.key

function base.hands_of(worker, queue)
    return key('IN_HAND', worker, queue)
end

-- This worker is alive: should it give no further sign, what it has in hand is put back.
function base.sign_in(worker)
    if worker ~= '' then
        redis.call('ZADD', KEY.WORKERS, call.now, worker)
    end
end

-- The first argument of a step's message, if it is a text, and its actor.
function base.subject_of(text)
    local is_json, message = pcall(cjson.decode, text)
    local args = is_json and type(message) == 'table' and message.args
    local subject = type(args) == 'table' and args[1]
    if type(subject) == 'string' and type(message.actor_name) == 'string' then
        return subject, message.actor_name
    end
end

-- What a message is about: the actor and the subject of a step, also when another message brings it again; of any
-- other message itself.
function base.topic_of(queue, id, text)
    if queue == SETTING.steps and #text <= SETTING.most_bytes then
        local subject, actor = base.subject_of(text)
        if subject then
            return actor .. ' ' .. subject, actor
        end
    end
    return queue .. '/' .. id
end

-- The id under which a hash can keep a text: beside another one that has the id already, as nothing keeps those who
-- choose their messages' ids from using one twice.
function base.id_beside(hash, id, text)
    local there = redis.call('HGET', hash, id)
    return there and there ~= '' and there ~= text and id .. '-' .. redis.sha1hex(text) or id
end

-- The id in the inlet of what came by a further inlet. Senders choose the ids of their messages, and none can leave
-- this out. A text that is there under that id already gets one beside it.
function base.marked(inlet, id)
    return SETTING.mark .. inlet .. ':' .. id
end

-- The further inlet that a message came by, by its id; nil of all others.
function base.inlet_of(id)
    return string.match(id, '^' .. SETTING.mark .. '([^:]+):')
end

-- Queue a message.
function base.queue_message(queue, id, text)
    local name = key('QUEUE', queue)
    id = base.id_beside(name .. '.msgs', id, text)
    redis.call('HSET', name .. '.msgs', id, text)
    redis.call('RPUSH', name, id)
end

return base
