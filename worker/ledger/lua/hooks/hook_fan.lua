-- hook_fan: hand events on to the endpoints that are to be told of them.
--
-- entries = {entry, brief, names of endpoints} each, in the order of the stream
-- after, upto = the entry behind which they were read, and the last that was; version = of the endpoints as they were
-- known; without: these are sent again
-- Returns applied; conflict when another was first, or the endpoints are others by now: read again.
--
-- Atomic: every event is handed on once and in its order, by any number of processes that are killed anywhere.
if A.upto then
    local cursor, version = unpack(redis.call('HMGET', KEY.HOOKS_AT, 'cursor', 'version'))
    if cursor ~= A.after or version ~= A.version then
        return 'conflict'
    end
    redis.call('HSET', KEY.HOOKS_AT, 'cursor', A.upto)
end
for _, each in ipairs(A.entries) do
    local entry, brief, names = unpack(each)
    for _, name in ipairs(names) do
        if redis.call('HEXISTS', KEY.HOOKS, name) == 1 then
            redis.call('ZREM', base.key('HOOK_FAILED', name), entry)
            endpoints.add(name, brief, entry)
        end
    end
end
return 'applied'
