-- update: change metadata, batch or priority of a brief, in whatever state it is. Its body stays.
--
--   brief     its id
--   when      {field = text} that must still hold
--   set       {field = text}
--   batch     its batch from now on ('' for none; left out: the batch stays)
--   priority  its priority from now on (or none: it stays)
--   event     {type, more}
--   journal   the rest of a JSON object
--   order     the order that this is part of (or none)
-- Returns 1, also when that order has done it or was stopped; 0 when there is no such brief, or a field is not as given.
--
-- Atomic: its place in the waiting list, its batch and its reservation in a budget move together. What it has spent
-- stays with the batch that it was spent for, so no budget grows by moving a brief out of it.
local subject = base.brief_subject(A.brief)
local record = base.record_of(subject)
if not base.has_record(subject) or not base.unchanged(record, A.when) then
    return 0
end
if A.order and not orders.take(A.order, A.brief) then
    return 1
end
local state, account, before, score = records.many(record, 'state', 'account', 'batch', 'place')
local batch = A.batch or before
batch = batch ~= '' and batch or nil
before = before or nil
local subjects = {subject}
for _, promotion in ipairs(base.promotions_of(A.brief)) do
    subjects[#subjects + 1] = base.has_record(promotion) and promotion or nil
end
local kind = base.kind_of(subject)
local is_final = not base.is_known(kind, state) or STATES[kind][state].final

-- What is reserved for it of its account's budget is so of its new batch's as well.
local function move_budget(its)
    local credits = redis.call('HGET', base.key('RESERVATIONS', account), its)
    if before then
        if redis.call('ZSCORE', base.key('PARKED', before), its) then
            redis.call('ZADD', base.key('WAITING', account, base.product_of(its).endpoint), score, its)
            budget.take_parked(account, its, before)
        end
        credits = credits or redis.call('HGET', base.key('BATCH_RESERVATIONS', before), its)
        redis.call('HDEL', base.key('BATCH_RESERVATIONS', before), its)
        redis.call('HDEL', base.key('RESERVED_BATCHES', account), its)
    end
    if credits and batch then
        budget.reserve(account, its, batch, credits)
    end
end

local function move_batch()
    for _, its in ipairs(subjects) do
        move_budget(its)
        if batch then
            records.set(base.record_of(its), 'batch', batch)
        else
            records.forget(base.record_of(its), 'batch')
        end
    end
    if before then
        redis.call('ZREM', base.key('BATCH', before), A.brief)
        if not is_final then
            batches.leave(before)
        end
        budget.unpark(account, before)
    end
    if batch then
        redis.call('ZADD', base.key('BATCH', batch), records.get(record, 'accepted_at'), A.brief)
        if is_final then
            batches.let_end(batch)
        else
            batches.join(batch)
        end
    end
end

-- One that waits first of all, as its promote may have arrived, does so still.
local function move_place()
    local priority = A.priority or fair.priority_of(tonumber(score))
    local to = fair.score_of(account, batch or '', priority)
    records.set(record, 'priority', priority)
    for _, its in ipairs(subjects) do
        records.set(base.record_of(its), 'place', to)
        local lists = {base.key('WAITING', account, 'prepare'), batch and base.key('PARKED', batch) or nil}
        for _, endpoint in ipairs(ENDPOINTS) do
            lists[#lists + 1] = base.key('WAITING', account, endpoint)
        end
        for _, list in ipairs(lists) do
            local now = redis.call('ZSCORE', list, its)
            if now and now ~= '-inf' then
                redis.call('ZADD', list, to, its)
            end
        end
    end
end

base.put(record, A.set, {})
journal.write(A.brief, A.journal)
local left = redis.call('PTTL', record)
if left > 0 then
    redis.call('PEXPIRE', base.key('JOURNAL', A.brief), left)
end
if batch ~= before then
    move_batch()
end
if batch ~= before or A.priority then
    move_place()
end
outbox.emit(subject, A.event[1], A.event[2])
admission.admit(account)
return 1
