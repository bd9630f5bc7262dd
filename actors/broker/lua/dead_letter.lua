-- dead_letter: make a message that this worker has in hand a dead letter.
--
--   worker, queue
--   error  why, in words
--   ...    its id, and its text as this worker has it ('' for what stands there)
-- Returns 1, or 0 when it is not in this worker's hands any more.
--
-- Atomic: the message is in the worker's hands, or is a dead letter with its reason; if it is a step, its brief is held.
-- It stands in for Dramatiq's nack, which keeps no reason.
-- Flag: allow-oom
local id, fetched = ...
local messages = base.key('MESSAGES', A.queue)
if redis.call('SREM', base.hands_of(A.worker, A.queue), id) == 0 then
    return 0
end
local there = redis.call('HGET', messages, id)
local text = fetched ~= '' and fetched or there
if not text then
    return 0
end
if text == there then
    redis.call('HDEL', messages, id) -- else another message has its id by now
end
dead_letters.add(A.queue, id, text, {at = call.now, error = A.error})
return 1
