-- resume: lift every pause of an account, and trust its own limits of jobs and slots again.
--
-- account, by
-- Returns what was lifted as {name, reason, name, reason, ...}: pauses that were still on, `working` and `slots`.
--
-- Atomic: lifted, written down who did it, and acted upon.
local record = account_record(A.account)
local lifted = {}
for _, what in ipairs({'pause', 'create', 'promote', 'prepare'}) do
    local till, reason = unpack(redis.call('HMGET', record, what .. '_until', what .. '_reason'))
    if (tonumber(till) or 0) > NOW then
        lifted[#lifted + 1] = what
        lifted[#lifted + 1] = reason
    end
    lift(A.account, what)
end
local working = redis.call('HGET', record, 'working')
if working then
    lifted[#lifted + 1] = 'working'
    lifted[#lifted + 1] = working
end
redis.call('HDEL', record, 'working', 'working_until')
local seen = redis.call('HGET', record, 'slots_seen')
if lift_slots_seen(A.account) > 0 then
    lifted[#lifted + 1] = 'slots'
    lifted[#lifted + 1] = seen
end
if #lifted > 0 then
    log_change(A.account, {at = NOW, by = A.by, resumed = true})
end

-- Preparing briefs sleep until the end of the pause, which is now.
for _, subject in ipairs(redis.call('ZRANGE', key('WAITING', A.account, 'prepare'), 0, -1)) do
    hint(subject)
    set_timer(subject, NOW + SETTING.again_ms)
end
redis.call('DEL', key('WAITING', A.account, 'prepare'))
admit(A.account)
return lifted
