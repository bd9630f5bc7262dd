-- hook_set: put an endpoint on record, change what it is told of, or remove it.
--
--   name        the endpoint
--   definition  what it is told of, as JSON (without it, the endpoint is removed)
--   new         true: it must not be there yet
-- Returns applied; duplicate when it is there and should be new; conflict when it is not there and should be.
--
-- Atomic: each event after this moment is for the new endpoint, whoever reads events just now: the version tells them
-- that there is another endpoint. What waits for an endpoint that is removed goes with it.
local is_there = redis.call('HEXISTS', KEY.HOOKS, A.name) == 1
if is_there and A.new then
    return 'duplicate'
end
if not is_there and not A.new then
    return 'conflict'
end
local newest = redis.call('XREVRANGE', KEY.EVENTS, '+', '-', 'COUNT', 1)[1]
local last = newest and newest[1] or '0-0'
if redis.call('HLEN', KEY.HOOKS) == 0 then
    redis.call('HSET', KEY.HOOKS_AT, 'cursor', last)
end
redis.call('HINCRBY', KEY.HOOKS_AT, 'version', 1)
if A.definition then
    local since = is_there and string.match(redis.call('HGET', KEY.HOOKS, A.name), '^%S+') or last
    redis.call('HSET', KEY.HOOKS, A.name, since .. ' ' .. A.definition)
else
    redis.call('HDEL', KEY.HOOKS, A.name)
    redis.call('DEL', base.key('HOOK', A.name), base.key('HOOK_DUE', A.name), base.key('HOOK_WAITING', A.name),
        base.key('HOOK_LOG', A.name), base.key('HOOK_FAILED', A.name))
end
return 'applied'
