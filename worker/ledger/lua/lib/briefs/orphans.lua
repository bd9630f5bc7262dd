-- Orphans: subjects that hold something of an account though their record is gone, deleted by hand or evicted.
--
-- What they hold without a job is free at once; a job permit goes only with the knowledge that its job is over,
-- which `release_orphan` asks the API for.
local orphans = {}

local key, product_of, brief_of, has_record = base.key, base.product_of, base.brief_of, base.has_record

-- What an orphan may have bought counts as spent, as nobody will tell what it cost; the rest of what was reserved
-- for it is free again.
local function settle_reservation(account, subject)
    local batch = redis.call('HGET', key('RESERVED_BATCHES', account), subject)
    if not budget.is_reserved(account, subject, batch) then
        return
    end
    local _, for_job = budget.reserved_of(account, subject, batch)
    if permits.is_granted(account, subject) or redis.call('ZSCORE', key('PERMITS', account), subject) then
        budget.spend(account, batch, for_job, product_of(subject).endpoint)
    end
    budget.take_reservation(account, subject, batch)
    if not batch then
        return
    end
    budget.unpark(account, batch)
    if not product_of(subject).parent then
        batches.leave(batch)
    else
        batches.let_end(batch)
    end
end

-- Take a subject without a record out of all that it stands in.
function orphans.forget(account, subject)
    settle_reservation(account, subject)
    for _, list in ipairs(ENDPOINTS) do
        redis.call('ZREM', key('WAITING', account, list), subject)
    end
    redis.call('ZREM', key('PERMITS', account), subject)
    outbox.clear_timer(subject)
    redis.call('HDEL', key('SLOTS', account), subject)
    if not product_of(subject).parent then
        redis.call('ZREM', KEY.UNFINISHED, brief_of(subject))
        redis.call('ZREM', KEY.BRIEFS, brief_of(subject))
        redis.call('PEXPIRE', key('JOURNAL', brief_of(subject)), SETTING.keep_ms)
    end
    -- Its request may have been counted.
    permits.complete_request(account, subject, true)
end

-- Look after an account's orphans: their timers may be gone as well.
function orphans.sweep(account)
    local in_flight = key('PERMITS', account)
    local holders = redis.call('HKEYS', key('SLOTS', account))
    for _, endpoint in ipairs(ENDPOINTS) do
        local under_way = redis.call('ZRANGEBYSCORE', key('WINDOW', account, endpoint), '+inf', '+inf')
        for _, subject in ipairs(under_way) do
            holders[#holders + 1] = subject
        end
    end
    for _, subject in ipairs(holders) do
        if not has_record(subject) and not redis.call('ZSCORE', in_flight, subject) then
            orphans.forget(account, subject)
        end
    end
    for _, subject in ipairs(redis.call('ZRANGE', in_flight, 0, -1)) do
        if not has_record(subject) then
            outbox.wake(subject)
        end
    end
end

return orphans
