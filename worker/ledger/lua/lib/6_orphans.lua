-- Orphans: subjects that hold something of an account though their record is gone, deleted by hand or evicted.
--
-- What they hold without a job is free at once; a job permit goes only with the knowledge that its job is over,
-- which `release_orphan` asks the API for.

-- What an orphan may have bought counts as spent, as nobody will tell what it cost; the rest of what it had promised
-- is free again.
local function settle_promise(account, subject)
    local batch = redis.call('HGET', key('PROMISED_OF', account), subject)
    if not is_promised(account, subject, batch) then
        return
    end
    local promised = tonumber(redis.call('HGET', key('RESERVATIONS', account), subject)
        or redis.call('HGET', key('PROMISED', batch), subject))
    local slots = tonumber(redis.call('HGET', key('SLOTS', account), subject)) or 0
    local to_come = kind_of(subject) == 'brief' and PROMOTION * slots or 0
    if is_granted(account, subject) or redis.call('ZSCORE', key('PERMITS', account), subject) then
        spend(account, batch, math.max(0, promised - to_come))
    end
    take_promise(account, subject, batch)
    if not batch then
        return
    end
    unpark(account, batch)
    if kind_of(subject) == 'brief' then
        leave_batch(batch)
    else
        let_batch_end(batch)
    end
end

-- Take a subject without a record out of all that it stands in.
forget = function(account, subject)
    settle_promise(account, subject)
    for _, list in ipairs({'create', 'promote'}) do
        redis.call('ZREM', key('WAITING', account, list), subject)
    end
    redis.call('ZREM', key('PERMITS', account), subject)
    redis.call('ZREM', KEY.TIMERS, subject)
    redis.call('HDEL', key('SLOTS', account), subject)
    if kind_of(subject) == 'brief' then
        redis.call('ZREM', KEY.OPEN, brief_of(subject))
        redis.call('PEXPIRE', key('JOURNAL', brief_of(subject)), SETTING.keep_ms)
    end
    -- Its request may have been counted.
    settle(account, subject, true)
end

-- Look after an account's orphans: their timers may be gone as well.
local function sweep(account)
    local permits = key('PERMITS', account)
    local holders = redis.call('HKEYS', key('SLOTS', account))
    for _, endpoint in ipairs(ENDPOINTS) do
        local under_way = redis.call('ZRANGEBYSCORE', key('WINDOW', account, endpoint), '+inf', '+inf')
        for _, subject in ipairs(under_way) do
            holders[#holders + 1] = subject
        end
    end
    for _, subject in ipairs(holders) do
        if not has_record(subject) and not redis.call('ZSCORE', permits, subject) then
            forget(account, subject)
        end
    end
    for _, subject in ipairs(redis.call('ZRANGE', permits, 0, -1)) do
        if not has_record(subject) then
            hint(subject)
        end
    end
end
