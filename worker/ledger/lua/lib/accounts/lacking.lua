-- What a waiting record lacks, by the rules by which `permits` decides. It changes nothing but to forget what counts no
-- more: ended requests, a working limit that has reached the cap.
local lacking = {}

-- The account's limits; where one job more is due to be tried it is counted in. To put that on record is for `admission`.
local function limits_now(account)
    local limits = accounts.limits_of(account)
    if limits.working and call.now >= limits.working_until then
        limits.working, limits.working_until = limits.working + 1, call.now + SETTING.busy_ms
    end
    return limits
end

-- Returns {{what = 'pause' | 'probe' | 'request' | 'job' | 'person' | 'slots' | 'account budget' | 'price' | 'budget',
-- its numbers}, ...} of a subject that waits for an endpoint of an account.
function lacking.of(account, endpoint, subject)
    local batch, slots_needed, score = records.many(base.record_of(subject), 'batch', 'need', 'place')
    local limits = limits_now(account)
    local missing = {}

    local function lacks(what, numbers)
        numbers.what = what
        missing[#missing + 1] = numbers
    end

    for _, what in ipairs({'pause', endpoint}) do
        local till, reason, count =
            records.many(accounts.record(account), what .. '_until', what .. '_reason', what .. '_count')
        if (tonumber(till) or 0) > call.now then
            lacks('pause', {of = what, till = tonumber(till), reason = reason or '', refusals = tonumber(count) or 0})
        end
    end
    if halts.stop_endpoint(account, endpoint) then
        lacks('person', {account = account, text = halts.stop_endpoint(account, endpoint)})
    end
    if halts.stop_batch(subject, batch) then
        lacks('person', {batch = batch, text = halts.of_batch(batch)})
    end
    local room, later, full = capacity.window_has_room(account, endpoint, limits)
    if not room then
        local window = full or limits.windows[endpoint][1]
        lacks(full and 'request' or 'probe', {used = capacity.used_of(account, endpoint, window), limit = window.number,
            seconds = window.seconds, next_at = later})
    end
    if not capacity.holds_job(account, subject) then
        room, later = capacity.jobs_have_room(account, endpoint, tonumber(score), limits)
        if not room then
            local reserve = capacity.express_share(endpoint, tonumber(score), limits)
            lacks('job', {used = redis.call('ZCARD', base.key('PERMITS', account)), cap = limits.jobs, working = limits.working,
                express = reserve, next_at = later})
        end
        local free = capacity.free_of(account, limits)
        if not capacity.has_slots(account, endpoint, subject, limits, free) then
            local cap, seen = capacity.slots_cap(limits), limits.slots_seen < math.huge and limits.slots_seen or nil
            lacks('slots', {account = account, need = tonumber(slots_needed) or 1, free = math.min(free.of_limit, free.of_seen), cap = cap,
                seen = seen, limit = limits.slots < math.huge and limits.slots or 0})
        end
        local left = budget.account_left(account, limits)
        if not budget.fits_account(account, subject, left) then
            lacks('account budget', {account = account, cost = budget.cost_of(account, subject), left = left,
                allowed = limits.budget, spent = tonumber(records.get(accounts.record(account), 'spent')) or 0})
        end
        if budget.waits_for_price(account, subject, limits, budget.learns_price(account)) then
            lacks('price', {account = account})
        end
    end
    if not budget.fits(account, subject, batch) then
        lacks('budget', {account = account, batch = batch, cost = budget.cost_of(account, subject), left = budget.left(batch),
            allowed = budget.allowed(batch), spent = budget.spent(batch)})
    end
    return missing
end

return lacking
