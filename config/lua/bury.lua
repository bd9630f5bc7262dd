-- bury: make a message that this worker has in hand a dead letter.
--
-- queue, ARGV[2], error: why, in words
-- Returns 1, or 0 when there is no such message any more.
--
-- Atomic: it is in the worker's hands or a dead letter with its reason, and of a step the brief is held. It stands in
-- for Dramatiq's nack, which keeps no reason.
local text = redis.call('HGET', queue_key(A.queue) .. '.msgs', ID)
redis.call('SREM', hands_of(A.worker, A.queue), ID)
if not text then
    return 0
end
bury(A.queue, ID, text, {at = NOW, error = A.error})
return 1
