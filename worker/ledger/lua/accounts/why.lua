-- why: tell what a waiting record waits for, by the rules by which `admission` decides.
--
-- subject
-- Returns a JSON object, or '' when it does not wait: account, endpoint, granted, urgent, parked, position and
-- waiting (none when parked), promotions that go first, missing = {{what = 'pause' | 'probe' | 'request' | 'job'
-- | 'person' | 'slots' | 'account budget' | 'price' | 'budget', ...}, ...}. It changes nothing but to forget what counts no more:
-- ended requests, a working limit that has reached the cap.
--
-- Atomic: one picture of the account, which many others change meanwhile.
local kind = base.kind_of(A.subject)
local state, account, batch, slots_needed, score =
    records.many(base.record_of(A.subject), 'state', 'account', 'batch', 'need', 'place')
if not state or state ~= KINDS[kind].waits then
    return ''
end
local endpoint = KINDS[kind].endpoint
local waiting = base.key('WAITING', account, endpoint)
local limits = accounts.limits_of(account)
if limits.working and call.now >= limits.working_until then
    -- One more is due to be tried. To put that on record is for `admission`.
    limits.working, limits.working_until = limits.working + 1, call.now + SETTING.busy_ms
end
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
if halts.stop_batch(A.subject, batch) then
    lacks('person', {batch = batch, text = halts.of_batch(batch)})
end
local room, later, full = capacity.window_has_room(account, endpoint, limits)
if not room then
    local window = full or limits.windows[endpoint][1]
    lacks(full and 'request' or 'probe', {used = capacity.used_of(account, endpoint, window), limit = window.number,
        seconds = window.seconds, next_at = later})
end
if not capacity.holds_job(account, A.subject) then
    room, later = capacity.jobs_have_room(account, endpoint, tonumber(score), limits)
    if not room then
        local reserve = capacity.express_share(endpoint, tonumber(score), limits)
        lacks('job', {used = redis.call('ZCARD', base.key('PERMITS', account)), cap = limits.jobs, working = limits.working,
            express = reserve, next_at = later})
    end
    local free = capacity.free_of(account, limits)
    if not capacity.has_slots(account, endpoint, A.subject, limits, free) then
        local cap, seen = capacity.slots_cap(limits), limits.slots_seen < math.huge and limits.slots_seen or nil
        lacks('slots', {account = account, need = tonumber(slots_needed) or 1, free = math.min(free.of_limit, free.of_seen), cap = cap,
            seen = seen, limit = limits.slots < math.huge and limits.slots or 0})
    end
    local left = budget.account_left(account, limits)
    if not budget.fits_account(account, A.subject, left) then
        lacks('account budget', {account = account, cost = budget.cost_of(account, A.subject), left = left,
            allowed = limits.budget, spent = tonumber(records.get(accounts.record(account), 'spent')) or 0})
    end
    if budget.waits_for_price(account, A.subject, limits, budget.learns_price(account)) then
        lacks('price', {account = account})
    end
end
if not budget.fits(account, A.subject, batch) then
    lacks('budget', {account = account, batch = batch, cost = budget.cost_of(account, A.subject), left = budget.left(batch),
        allowed = budget.allowed(batch), spent = budget.spent(batch)})
end
local rank = redis.call('ZRANK', waiting, A.subject)
return cjson.encode({
    account = account,
    endpoint = endpoint,
    granted = permits.is_granted(account, A.subject) and true or false,
    urgent = fair.is_urgent(tonumber(score)),
    parked = (batch and redis.call('ZSCORE', base.key('PARKED', batch), A.subject)) and true or false,
    position = rank and rank + 1 or nil,
    waiting = redis.call('ZCARD', waiting),
    promotions = KINDS[kind].follows and redis.call('ZCARD', base.key('WAITING', account, KINDS[KINDS[kind].follows].endpoint)) or 0,
    missing = missing,
})
