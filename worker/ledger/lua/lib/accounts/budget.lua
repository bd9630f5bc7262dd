-- Budgets in credits, of batches and of accounts: what is reserved for briefs on their way and what is spent stay
-- below both. What an account has spent counts from when it was given a budget.
--
-- Reserved is the cost of each promotion to come, and for drafts not bought yet what drafts of this account have
-- cost so far (the API publishes no price). A brief that its batch can't pay is parked, so that it blocks nobody.
local budget = {}

local key, record_of, product_of = base.key, base.record_of, base.product_of

-- How far behind the first of a list, parked or waiting, one is looked for that needs less.
budget.LOOK_PAST = 50

-- Credits that sums of mean prices may be off by: a budget that is met exactly is not overdrawn.
local ROUNDING = 1e-6

function budget.draft_price(account)
    local got = {records.many(accounts.record(account), 'drafts_credits', 'drafts_made')}
    local made = tonumber(got[2]) or 0
    return made > 0 and tonumber(got[1]) / made or 0
end

-- Until the first job of an account has ended nobody knows what drafts cost. Returns whether one is under way that
-- will tell.
function budget.learns_price(account)
    local got = {records.many(accounts.record(account), 'drafts_made', 'drafts_ended')}
    if got[1] or got[2] then
        return false
    end
    for _, holder in ipairs(redis.call('ZRANGE', key('PERMITS', account), 0, -1)) do
        if not product_of(holder).cost and base.has_record(holder) then
            return true
        end
    end
    return false
end

-- What follows from a subject's job costs, `number` of it.
function budget.of_what_follows(subject, number)
    local follows = product_of(subject).follows
    return follows and KINDS[follows].cost * number or 0
end

-- What a subject will still cost; of promotions and briefs alike.
function budget.cost_of(account, subject)
    local cost = base.cost_of(subject)
    if cost then
        return cost
    end
    local got = {records.many(record_of(subject), 'need', 'variations')}
    return budget.of_what_follows(subject, tonumber(got[1]) or 1) + budget.draft_price(account) * (tonumber(got[2]) or 1)
end

function budget.allowed(batch)
    return batch and tonumber(redis.call('HGET', key('BUDGET', batch), 'allowed')) or nil
end

function budget.spent(batch)
    return tonumber(redis.call('HGET', key('BUDGET', batch), 'spent')) or 0
end

local function without(left, reservations)
    for _, credits in ipairs(redis.call('HVALS', reservations)) do
        left = left - credits
    end
    return left
end

-- Credits that are neither spent nor reserved.
function budget.left(batch)
    local allowed = budget.allowed(batch)
    return allowed and without(allowed - budget.spent(batch), key('BATCH_RESERVATIONS', batch)) or math.huge
end

-- The same of an account's own budget.
function budget.account_left(account, limits)
    if not limits.budget then
        return math.huge
    end
    local spent = tonumber(records.get(accounts.record(account), 'spent')) or 0
    return without(limits.budget - spent, key('RESERVATIONS', account))
end

-- `left` of the account's budget.
function budget.fits_account(account, subject, left)
    return left == math.huge or redis.call('HEXISTS', key('RESERVATIONS', account), subject) == 1
        or budget.cost_of(account, subject) <= left + ROUNDING
end

function budget.fits(account, subject, batch)
    return not batch or redis.call('HEXISTS', key('BATCH_RESERVATIONS', batch), subject) == 1
        or budget.cost_of(account, subject) <= budget.left(batch) + ROUNDING
end

-- Whether both budgets leave so many credits for a call beside the subject's own job.
function budget.has_room(account, subject, batch, credits)
    return budget.is_reserved(account, subject, batch)
        or (credits <= budget.account_left(account, accounts.limits_of(account)) + ROUNDING
            and (not batch or credits <= budget.left(batch) + ROUNDING))
end

-- With a budget, the first brief of an account goes alone: those that start with it would be bought at any price. One
-- that its batch can't pay anyhow need not wait for that to be parked.
function budget.waits_for_price(account, subject, limits, learns)
    if not learns or product_of(subject).cost then
        return false
    end
    local batch = records.get(record_of(subject), 'batch')
    return (limits.budget or budget.allowed(batch)) and budget.fits(account, subject, batch)
end

-- Also without a budget: one that is set later must know what is on its way already. The batch is kept apart from
-- the record, which may be deleted.
function budget.reserve(account, subject, batch, credits)
    redis.call('HSETNX', key('RESERVATIONS', account), subject, credits)
    if batch and redis.call('HSETNX', key('BATCH_RESERVATIONS', batch), subject, credits) == 1 then
        redis.call('HSET', key('RESERVED_BATCHES', account), subject, batch)
    end
end

function budget.is_reserved(account, subject, batch)
    return redis.call('HEXISTS', key('RESERVATIONS', account), subject) == 1
        or (batch and redis.call('HEXISTS', key('BATCH_RESERVATIONS', batch), subject) == 1)
end

-- Reserve so many credits instead of those that are reserved; returns whether any were.
function budget.reserve_instead(account, subject, batch, credits)
    if not budget.is_reserved(account, subject, batch) then
        return false
    end
    redis.call('HSET', key('RESERVATIONS', account), subject, credits)
    if batch then
        redis.call('HSET', key('BATCH_RESERVATIONS', batch), subject, credits)
        redis.call('HSET', key('RESERVED_BATCHES', account), subject, batch)
    end
    return true
end

-- Returns whether its batch had reserved it.
function budget.take_reservation(account, subject, batch)
    redis.call('HDEL', key('RESERVATIONS', account), subject)
    if not batch then
        return false
    end
    redis.call('HDEL', key('RESERVED_BATCHES', account), subject)
    return redis.call('HDEL', key('BATCH_RESERVATIONS', batch), subject) == 1
end

-- What is reserved for a subject, and of that for its own job: not for what follows from it.
function budget.reserved_of(account, subject, batch)
    local reserved = tonumber(redis.call('HGET', key('RESERVATIONS', account), subject)
        or batch and redis.call('HGET', key('BATCH_RESERVATIONS', batch), subject)) or 0
    local slots = tonumber(redis.call('HGET', key('SLOTS', account), subject)) or 0
    return reserved, math.max(0, reserved - budget.of_what_follows(subject, slots))
end

-- `paid`: the call that has cost it.
function budget.spend(account, batch, credits, paid)
    if not tonumber(credits) then
        return
    end
    records.add(accounts.record(account), 'spent:' .. paid, credits)
    records.add_amount(accounts.record(account), 'spent', credits)
    if batch then
        redis.call('HINCRBYFLOAT', key('BUDGET', batch), 'spent', credits)
    end
end

function budget.park(account, endpoint, subject, batch)
    local waiting = key('WAITING', account, endpoint)
    redis.call('ZADD', key('PARKED', batch), redis.call('ZSCORE', waiting, subject), subject)
    redis.call('HINCRBY', key('PARKED_OF', account), batch, 1)
    redis.call('ZREM', waiting, subject)
end

function budget.take_parked(account, subject, batch)
    if redis.call('ZREM', key('PARKED', batch), subject) == 1
        and redis.call('HINCRBY', key('PARKED_OF', account), batch, -1) <= 0 then
        redis.call('HDEL', key('PARKED_OF', account), batch)
    end
end

-- Let the parked of a batch wait again whom its budget may pay now. All of them: the first may lack slots.
function budget.unpark(account, batch)
    local parked = redis.call('ZRANGE', key('PARKED', batch), 0, budget.LOOK_PAST, 'WITHSCORES')
    local left = #parked > 0 and budget.left(batch)
    for n = 1, #parked, 2 do
        local subject = parked[n]
        local own = records.get(record_of(subject), 'account')
        if not own then
            budget.take_parked(account, subject, batch) -- its record was deleted
        elseif not halts.stop_batch(subject, batch) and budget.cost_of(own, subject) <= left + ROUNDING then
            redis.call('ZADD', key('WAITING', own, base.product_of(subject).endpoint), parked[n + 1], subject)
            budget.take_parked(own, subject, batch)
            if own ~= account then
                outbox.set_timer('account:' .. own, call.now)
            end
        end
    end
end

-- What was reserved is spent, or free again for the next; whoever ends with `admit` starts who fits the account's.
function budget.release(account, subject)
    local batch = records.get(record_of(subject), 'batch')
    if budget.take_reservation(account, subject, batch) then
        budget.unpark(account, batch)
    end
end

-- Drafts have become cheaper: a brief of any batch may fit its budget now.
function budget.unpark_all(account)
    for _, batch in ipairs(redis.call('HKEYS', key('PARKED_OF', account))) do
        budget.unpark(account, batch)
    end
end

return budget
