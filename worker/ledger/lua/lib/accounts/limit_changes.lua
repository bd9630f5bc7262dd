-- Changes of an account's limits: by an operator, or by the configuration.
local limit_changes = {}

local function known(account)
    history.meet(account)
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

-- What fields were, false for those that were not there: by that a change can be undone.
local function before_of(record, limits, removed)
    local before, any = {}, false
    for field in pairs(limits) do
        before[field], any = records.get(record, field) or false, true
    end
    for _, field in ipairs(removed) do
        before[field], any = records.get(record, field) or false, true
    end
    return any and before or nil
end

-- `told` is what else stands with the change: who, why, the time of the one that it undoes.
local function change(account, limits, removed, told)
    local record, limits_gone = accounts.record(account), {}
    told.before = before_of(record, limits, removed)
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
    told.at, told.limits, told.removed = call.now, limits, #removed > 0 and removed or nil
    accounts.log_change(account, told)
    admission.admit(account)
end

-- Set limits, as somebody says, while those of `when` are so ('' is one that is not set); returns whether they were.
function limit_changes.set(account, limits, removed, when, told)
    known(account)
    if not base.unchanged(accounts.record(account), when) then
        return false
    end
    change(account, limits, removed, told)
    return true
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
    for _, endpoint in ipairs(before and {} or ENDPOINTS) do
        permits.withdraw(account, endpoint) -- granted by the default limits, by a process that was here before
    end
    local changed, removed = compared(before and cjson.decode(before) or {}, limits)
    change(account, changed, removed, {by = 'configuration'})
    return true
end

return limit_changes
