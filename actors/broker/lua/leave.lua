-- leave: a worker that ends in order signs out, unless it has something in hand that is to be put back.
--
-- worker
-- Returns 1 if it is off the record, else 0.
--
-- Atomic, as its other threads may take a message until it has left.
for _, queue in ipairs(SETTING.queues) do
    if redis.call('EXISTS', base.hands_of(A.worker, queue)) == 1 then
        return 0
    end
end
return redis.call('ZREM', KEY.WORKERS, A.worker)
