-- hooks_due: tell which endpoints are to be sent something, now or later.
--
-- Returns the version of the endpoints, and for each that has messages waiting and is not paused its name, and in how
-- many ms the first of them is due.
--
-- One call, as there may be hundreds of endpoints, each with a list of its own. That somebody has asked is noted.
local version, asked = unpack(redis.call('HMGET', KEY.HOOKS_AT, 'version', 'asked_at'))
if call.now - (tonumber(asked) or 0) > SETTING.hook_sign_ms then
    redis.call('HSET', KEY.HOOKS_AT, 'asked_at', base.whole(call.now))
end
local answer = {version or '0'}
for _, name in ipairs(redis.call('HKEYS', KEY.HOOKS)) do
    local first = redis.call('ZRANGE', base.key('HOOK_DUE', name), 0, 0, 'WITHSCORES')
    local paused, rest = unpack(redis.call('HMGET', base.key('HOOK', name), 'paused', 'rest_until'))
    if first[2] and not paused then
        local due = math.max(tonumber(first[2]), tonumber(rest) or 0)
        answer[#answer + 1] = name
        answer[#answer + 1] = base.whole(math.max(0, due - call.now))
    end
end
return answer
