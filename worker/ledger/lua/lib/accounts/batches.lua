-- A batch and its budget: they stay for as long as a brief of it is open, and keep_ms longer.
local batches = {}

local key = base.key

-- A batch without an open brief ends after keep_ms, and its budget with it.
function batches.let_end(batch)
    if redis.call('HEXISTS', key('BUDGET', batch), 'open') == 0 then
        redis.call('PEXPIRE', key('BATCH', batch), SETTING.keep_ms)
        redis.call('PEXPIRE', key('BUDGET', batch), SETTING.keep_ms)
    end
end

-- A brief of the batch is open: the batch and its budget stay.
function batches.join(batch)
    redis.call('HINCRBY', key('BUDGET', batch), 'open', 1)
    redis.call('PERSIST', key('BATCH', batch))
    redis.call('PERSIST', key('BUDGET', batch))
end

-- Counted, not looked for among the open briefs: that would take longer for each brief that there is.
function batches.leave(batch)
    if redis.call('HINCRBY', key('BUDGET', batch), 'open', -1) <= 0 then
        redis.call('HDEL', key('BUDGET', batch), 'open')
    end
    batches.let_end(batch)
end

return batches
