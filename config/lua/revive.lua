-- revive: put a dead letter back into its queue.
--
-- queue, ARGV[2]
-- Returns 1, or 0 when there is no such letter.
--
-- Atomic: of two that revive it, one does.
local name = queue_key(A.queue)
local text = redis.call('HGET', name .. '.XQ.msgs', ID)
redis.call('ZREM', name .. '.XQ', ID)
redis.call('HDEL', name .. '.XQ.msgs', ID)
redis.call('HDEL', A.letters, ID)
if not text then
    return 0
end
redis.call('HSET', name .. '.msgs', ID, text)
redis.call('RPUSH', name, ID)
return 1
