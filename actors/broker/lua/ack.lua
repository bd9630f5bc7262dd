-- ack: acknowledge a message that ran, and send what is to follow it.
--
--   worker, queue
--   digest     SHA-1 of its text as this worker has it ('' where its id is nobody else's)
--   following  {{queue, id, text}, ...}: messages for other queues; one that also has an error is a dead letter
--   ...        the message's id
-- Returns 1, or 0 when it is not in this worker's hands any more.
--
-- Atomic: a message is acknowledged together with what follows it, so that this is sent once, whoever dies. It stands
-- in for Dramatiq's ack and its middleware for pipelines.
-- Flag: allow-oom
local id = ...
if redis.call('SREM', base.hands_of(A.worker, A.queue), id) == 0 then
    return 0
end
local messages = base.key('MESSAGES', A.queue)
if A.digest == '' or A.digest == redis.sha1hex(redis.call('HGET', messages, id) or '') then
    redis.call('HDEL', messages, id) -- else another message has its id by now
end
for _, each in ipairs(A.following) do
    local name = base.key('QUEUE', each.queue)
    local list, hash = redis.call('TYPE', name).ok, redis.call('TYPE', name .. '.msgs').ok
    local fits = (list == 'list' or list == 'none') and (hash == 'hash' or hash == 'none')
    if each.error or not fits then
        local error = each.error or 'the queue that it is for is none'
        dead_letters.add(A.queue, each.id, each.text, {at = call.now, error = error})
    else
        redis.call('HSET', name .. '.msgs', each.id, each.text)
        redis.call('RPUSH', name, each.id)
    end
end
return 1
