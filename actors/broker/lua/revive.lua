-- revive: put a dead letter back into its queue.
--
-- queue, ARGV[2]
-- Returns 1, or 0 when there is no such letter.
--
-- Atomic: of two that revive it, one does.
local name = queue_key(A.queue)
local text = redis.call('HGET', name .. '.XQ.msgs', ID)
forget(A.queue, ID)
if not text then
    return 0
end
if text == '' then
    redis.call('RPUSH', name, ID) -- its message may have come by now
else
    queue_message(A.queue, ID, text)
end
return 1
