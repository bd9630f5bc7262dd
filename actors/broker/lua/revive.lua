-- revive: put a dead letter back into its queue.
--
-- queue; ... = its id
-- Returns 1, or 0 when there is no such dead letter.
--
-- Atomic: of two that revive it, one does.
local id = ...
local name = base.key('QUEUE', A.queue)
local text = redis.call('HGET', name .. '.XQ.msgs', id)
dead_letters.forget(A.queue, id)
if not text then
    return 0
end
if text == '' then
    redis.call('RPUSH', name, id) -- its message may have come by now
else
    base.queue_message(A.queue, id, text)
end
return 1
