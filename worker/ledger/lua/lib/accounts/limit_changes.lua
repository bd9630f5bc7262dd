-- Changes of an account's limits: by an operator, or by the configuration.
local limit_changes = {}

local function known(account)
    redis.call('SADD', KEY.ACCOUNTS, account)
    if not redis.call('ZSCORE', KEY.TIMERS, 'library:' .. account) then
        outbox.set_timer('library:' .. account, call.now)
    end
end

-- What the configuration says now and did not say before; and of what it says nothing any more.
local function compared(before, now)
    local changed, removed = {}, {}
    for field, text in pairs(now) do
        if before[field] ~= text then
            changed[field] = text
        end
    end
    for field in pairs(before) do
        if not now[field] then
            removed[#removed + 1] = field
        end
    end
    return changed, removed
end

local function change(account, limits, removed, by)
    local record, limits_gone = accounts.record(account), {}
    -- What an account has spent counts from its first budget on.
    if limits.budget and not tonumber(records.get(record, 'budget')) then
        records.forget(record, 'spent')
    end
    if next(limits) then
        base.put(record, limits, {})
    end
    if #removed > 0 then
        records.forget(record, unpack(removed))
    end
    for _, field in ipairs(removed) do
        limits_gone[field] = true
    end
    if limits.slots or limits_gone.slots then
        accounts.lift_slots_seen(account)
    end
    if limits.budget or limits_gone.budget then
        backoff.wake_preparing(account)
    end
    accounts.log_change(account, {at = call.now, by = by, limits = limits, removed = #removed > 0 and removed or nil})
    admission.admit(account)
end

-- Set limits, as somebody says.
function limit_changes.set(account, limits, by)
    known(account)
    change(account, limits, {}, by)
end

-- Set what the configuration says anew; returns whether it does. `file` is all that it says, as one text.
function limit_changes.configure(account, limits, file)
    known(account)
    local record = accounts.record(account)
    local before = records.get(record, 'configured')
    if before == file then
        return false
    end
    records.set(record, 'configured', file)
    local changed, removed = compared(before and cjson.decode(before) or {}, limits)
    change(account, changed, removed, 'configuration')
    return true
end

return limit_changes
