-- bury: make a message that this worker has in hand a dead letter.
--
-- queue, ARGV[2], error: why, in words; ARGV[3] = its text as this worker has it, '' for what stands there
-- Returns 1, or 0 when it is not in this worker's hands any more.
--
-- Atomic: it is in the worker's hands or a dead letter with its reason, and of a step the brief is held. It stands in
-- for Dramatiq's nack, which keeps no reason.
local messages = queue_key(A.queue) .. '.msgs'
if redis.call('SREM', hands_of(A.worker, A.queue), ID) == 0 then
    return 0
end
local there = redis.call('HGET', messages, ID)
local text = ARGV[3] ~= '' and ARGV[3] or there
if not text then
    return 0
end
if text == there then
    redis.call('HDEL', messages, ID) -- else another message has its id by now
end
bury(A.queue, ID, text, {at = NOW, error = A.error})
return 1
