-- hook_pause: stop sending to an endpoint, or let it go on.
--
--   name    the endpoint
--   paused  who has paused it, when and why, as JSON (without it, sending goes on)
-- Returns the pause that stood there; '' when there was none.
--
-- Atomic: when sending goes on, all that had been sent in vain is sent at once and has its days anew, except what is
-- being sent just now.
local hook = base.key('HOOK', A.name)
local before = redis.call('HGET', hook, 'paused')
if A.paused then
    redis.call('HSET', hook, 'paused', A.paused)
else
    redis.call('HDEL', hook, 'paused', 'failures', 'failing_since', 'rest_until')
    redis.call('HSET', hook, 'resumed_at', base.whole(call.now))
    local later = redis.call('ZRANGEBYSCORE', base.key('HOOK_DUE', A.name), '(' .. base.whole(call.now), '+inf', 'LIMIT', 0, 1000)
    for _, brief in ipairs(later) do
        local row = endpoints.row(A.name, brief)
        if not row.claim then
            endpoints.write(A.name, brief, row, call.now)
        end
    end
end
return before or ''
