-- hook_fan: hand events on to the endpoints that are to be told of them.
--
--   entries      {{entry, brief, names of endpoints}, ...} in the order of the stream
--   after, upto  the entry after which they were read, and the last one that was read
--   version      of the endpoints as the caller knows them (without it, these events are sent again)
-- Returns applied; conflict when another process was first, or the endpoints have changed: then read again.
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
