-- set_limits: put an account's limits on record, and start whoever may start under them.
--
-- account, limits = {field = text}, by (who or what sets them), file = the limits' text when they come from the
-- configuration (or none)
-- Returns 1 when something was set; 0 when the configuration says what it said before: a change made while
-- running outlives a restart, until the configuration says something else of that very limit.
--
-- Atomic: compared, set, written down who did it, and acted upon.
local record = accounts.record(A.account)
redis.call('SADD', KEY.ACCOUNTS, A.account)
if not redis.call('ZSCORE', KEY.TIMERS, 'library:' .. A.account) then
    outbox.set_timer('library:' .. A.account, call.now)
end

-- What the configuration says now and did not say before; and of what it says nothing any more.
local function compared(before)
    local changed, removed = {}, {}
    for field, text in pairs(A.limits) do
        if before[field] ~= text then
            changed[field] = text
        end
    end
    for field in pairs(before) do
        if not A.limits[field] then
            removed[#removed + 1] = field
        end
    end
    return changed, removed
end

local limits, removed, limits_gone = A.limits, {}, {}
if A.file then
    local before = redis.call('HGET', record, 'configured')
    if before == A.file then
        return 0
    end
    limits, removed = compared(before and cjson.decode(before) or {})
    redis.call('HSET', record, 'configured', A.file)
end
-- What an account has spent counts from its first budget on.
if limits.budget and not tonumber(redis.call('HGET', record, 'budget')) then
    redis.call('HDEL', record, 'spent')
end
if next(limits) then
    base.put(record, limits, {})
end
if #removed > 0 then
    redis.call('HDEL', record, unpack(removed))
end
for _, field in ipairs(removed) do
    limits_gone[field] = true
end
if limits.slots or limits_gone.slots then
    accounts.lift_slots_seen(A.account)
end
accounts.log_change(A.account, {at = call.now, by = A.by, limits = limits, removed = #removed > 0 and removed or nil})
admission.admit(A.account)
return 1
