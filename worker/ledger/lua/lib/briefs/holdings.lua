-- What a move takes of the account's permits, slots and budgets or gives back, and what the account learns from it.
local holdings = {}

local key, record_of, whole = base.key, base.record_of, base.whole

-- What a record that a person ends may have bought counts as spent, as nobody will tell what it cost: by a call whose
-- answer was lost, or by a job whose results were never read. Kept on the record, should it be tried again and tell.
function holdings.write_off(account, subject, kind, from, to)
    if STATES[kind][to].final and to ~= KINDS[kind].made and (from == 'held' or from == KINDS[kind].waits) then
        local batch, job = records.many(record_of(subject), 'batch', 'job_id')
        local reserved, for_job = budget.reserved_of(account, subject, batch)
        local lost = reserved > 0 and journal.lost_call(subject)
        local credits = lost == 'extract' and reserved or (lost or reserved > 0 and job) and for_job or 0
        if credits > 0 then
            budget.spend(account, batch, credits, lost == 'extract' and lost or KINDS[kind].endpoint)
            records.set(record_of(subject), 'written_off', credits)
        end
    end
end

-- Take back what was written off for a record, once it is known what it has cost.
local function taken_up(record)
    local credits = tonumber(records.get(record, 'written_off')) or 0
    records.forget(record, 'written_off')
    return credits
end

-- What drafts and promotions have cost: for the batch's budget, and to know what drafts of this account cost.
function holdings.account_for(account, subject, kind, from, to)
    local record = record_of(subject)
    local batch, credits, made, counted =
        records.many(record, 'batch', 'credits_used', 'variations', 'credits_counted')
    local product = KINDS[kind]
    if product.cost then
        if from == product.claimed and to == product.running then
            budget.spend(account, batch, base.cost_of(subject) - taken_up(record), product.endpoint)
        end
        return
    elseif from ~= product.running then
        return
    end
    if to ~= 'held' then
        records.set(accounts.record(account), 'drafts_ended', 1)
    end
    if credits and credits ~= counted then
        -- A brief that is tried again reads the results of the same job again.
        local new = credits - (counted or 0)
        records.set(record, 'credits_counted', credits)
        budget.spend(account, batch, new - taken_up(record), product.endpoint)
        local before = budget.draft_price(account)
        records.add_amount(accounts.record(account), 'drafts_credits', new)
        records.add(accounts.record(account), 'drafts_made', counted and 0 or made or 1)
        if budget.draft_price(account) < before then
            budget.unpark_all(account)
        end
        local slots_needed = tonumber(records.get(record_of(subject), 'need')) or 1
        if budget.reserve_instead(account, subject, batch, budget.of_what_follows(subject, slots_needed)) and batch then
            budget.unpark(account, batch)
        end
    end
end

-- How long jobs take: the mean of the latest twenty or so, for the estimates of when who will start. Learned from
-- jobs that were followed from their call to their end, not from what an operator or a late answer brought back.
function holdings.learn_duration(account, subject, from, to)
    local product = base.product_of(subject)
    local since, previous_state = records.many(record_of(subject), 'moved_at', 'left')
    if previous_state ~= product.claimed or from ~= product.running or to ~= product.made then
        return
    end
    looks.learn(account, subject, tonumber(since))
    local record, what = accounts.record(account), product.duration
    local mean, seen = records.many(record, what .. '_ms', what .. '_seen')
    mean, seen = tonumber(mean) or 0, math.min((tonumber(seen) or 0) + 1, 20)
    records.set(record, what .. '_ms', whole(mean + (call.now - since - mean) / seen), what .. '_seen', seen)
end

-- Whether a record that was in this state may hold a job permit: one that waits may be granted, or hold it still, and
-- one that is held may have a job.
local function may_hold_permit(kind, state)
    return STATES[kind][state].permit or state == KINDS[kind].waits or state == 'held'
end

-- The same for slots and a reservation: what a state does not hold was given back on the way to it.
local function may_hold_slots(kind, state)
    return STATES[kind][state].slots or state == KINDS[kind].waits
end

-- Take or give back what the new state holds: job permit, slots, place in the waiting list.
-- `keep_permit`: a permit stays, as the API may have a job of a record that is held, or whose promote may have arrived.
function holdings.hold(account, subject, kind, from, to, keep_permit)
    local product = KINDS[kind]
    if capacity.holds_permit(kind, to) then
        if from ~= product.waits then -- whose grant is its permit
            -- A job that an operator has found counts from then on.
            redis.call('ZADD', key('PERMITS', account), 'NX', whole(call.now), subject)
        end
    elseif not keep_permit and may_hold_permit(kind, from) then
        redis.call('ZREM', key('PERMITS', account), subject)
    end
    local slots_needed = tonumber(records.get(record_of(subject), 'need')) or 1
    local was_granted = from == product.waits and STATES[kind][to].permit or from == product.claimed and to == product.running
    local had_none = STATES[kind][from].final or (from == product.running and not STATES[kind][from].slots)
    if not STATES[kind][to].slots or from == product.following then
        if may_hold_slots(kind, from) then
            redis.call('HDEL', key('SLOTS', account), subject)
            budget.release(account, subject)
        end
    elseif product.slots and not was_granted and (not had_none or capacity.free_slots(account, capacity.slots_cap(accounts.limits_of(account))) >= slots_needed) then
        -- A promotion that had come to nothing may have lost its slot to another: then it waits for one.
        redis.call('HSETNX', key('SLOTS', account), subject, slots_needed)
    end
    if from == 'preparing' then
        backoff.wake_from_pause(account, subject)
        if to ~= 'held' then
            budget.release(account, subject) -- else the description of its photo may have been paid for
        end
    end
    if to == product.waits then
        local score = capacity.holds_job(account, subject) and '-inf' or records.get(record_of(subject), 'place')
        redis.call('ZADD', key('WAITING', account, product.endpoint), score, subject)
    elseif from == product.waits and not STATES[kind][to].permit then -- its grant took it out of the list
        redis.call('ZREM', key('WAITING', account, product.endpoint), subject)
        local batch = records.get(record_of(subject), 'batch')
        if batch then
            budget.take_parked(account, subject, batch)
            budget.unpark(account, batch) -- a page of them waits at a time, and this one made room in it
        end
        permits.complete_request(account, subject, false) -- granted, but given up before its request was begun
    end
end

-- The identity takes its slot in the library when it is promoted, and leaves it if it comes to nothing.
function holdings.count_identity(account, subject, kind, from, to)
    local product = KINDS[kind]
    if not product.identity then
        return
    end
    local code = records.get(record_of(subject), product.job)
    if to == product.running and code then
        redis.call('ZADD', key('IDENTITIES', account), whole(call.now), code)
        accounts.look_beyond(account)
    elseif from == product.running and to ~= product.made and code then
        redis.call('ZREM', key('IDENTITIES', account), code)
    end
end

return holdings
