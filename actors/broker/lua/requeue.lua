-- requeue: give back messages that this worker has in hand to their queue.
--
--   worker, queue
--   ...  their ids
-- Returns how many of them are in the queue again; those that are not in this worker's hands any more are left alone.
--
-- Atomic: a message is in the worker's hands or in the queue. It stands in for Dramatiq's script, whose key is the
-- namespace itself: no pattern for the keys below a namespace covers that.
-- Flag: allow-oom
local given = 0
for _, id in ipairs({...}) do
    if redis.call('SREM', base.hands_of(A.worker, A.queue), id) == 1
        and redis.call('HEXISTS', base.key('MESSAGES', A.queue), id) == 1 then
        redis.call('RPUSH', base.key('QUEUE', A.queue), id)
        given = given + 1
    end
end
return given
