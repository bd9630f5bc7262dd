-- update: change what stands around the body of a brief, in whatever state it is: metadata, batch, priority.
--
-- brief, when = {field = text} that must still hold, set = {field = text}, batch = its batch from now on ('' for
-- none; left out: that stays), priority = its priority from now on (or none: that stays), event = {type, more},
-- journal = the rest of a JSON object
-- Returns 1; 0 when there is no such brief, or a field is not as given.
--
-- Atomic: its place, its batch and what it has promised of a budget move together. What it has spent stays with the
-- batch that it was spent for: no budget is made larger by moving a brief out of it.
local subject = 'brief:' .. A.brief
local record = record_of(subject)
if not has_record(subject) or not unchanged(record, A.when) then
    return 0
end
local state, account, before, place = unpack(redis.call('HMGET', record, 'state', 'account', 'batch', 'place'))
local batch = A.batch or before
batch = batch ~= '' and batch or nil
before = before or nil
local subjects = {subject}
for _, promotion in ipairs(promotions_of(A.brief)) do
    subjects[#subjects + 1] = has_record(promotion) and promotion or nil
end
local is_final = not is_known('brief', state) or STATES.brief[state].final

-- What it has promised of its account's budget is promised of its new batch's.
local function move_budget(its)
    local credits = redis.call('HGET', key('RESERVATIONS', account), its)
    if before then
        if redis.call('ZSCORE', key('PARKED', before), its) then
            redis.call('ZADD', key('WAITING', account, WAITS[kind_of(its)].endpoint), place, its)
            take_parked(account, its, before)
        end
        credits = credits or redis.call('HGET', key('PROMISED', before), its)
        redis.call('HDEL', key('PROMISED', before), its)
        redis.call('HDEL', key('PROMISED_OF', account), its)
    end
    if credits and batch then
        promise(account, its, batch, credits)
    end
end

local function move_batch()
    for _, its in ipairs(subjects) do
        move_budget(its)
        if batch then
            redis.call('HSET', record_of(its), 'batch', batch)
        else
            redis.call('HDEL', record_of(its), 'batch')
        end
    end
    if before then
        redis.call('ZREM', key('BATCH', before), A.brief)
        if not is_final then
            leave_batch(before)
        end
        unpark(account, before)
    end
    if batch then
        redis.call('ZADD', key('BATCH', batch), redis.call('HGET', record, 'accepted_at'), A.brief)
        if is_final then
            let_batch_end(batch)
        else
            join_batch(batch)
        end
    end
end

-- One that waits first of all, as its promote may have arrived, does so still.
local function move_place()
    local priority = A.priority or priority_of(tonumber(place))
    local to = place_of(account, batch or '', priority)
    redis.call('HSET', record, 'priority', priority)
    for _, its in ipairs(subjects) do
        redis.call('HSET', record_of(its), 'place', to)
        local lists = {key('WAITING', account, 'create'), key('WAITING', account, 'promote'), key('WAITING', account, 'prepare')}
        lists[#lists + 1] = batch and key('PARKED', batch) or nil
        for _, list in ipairs(lists) do
            local now = redis.call('ZSCORE', list, its)
            if now and now ~= '-inf' then
                redis.call('ZADD', list, to, its)
            end
        end
    end
end

put(record, A.set, {})
journal(A.brief, A.journal)
local left = redis.call('PTTL', record)
if left > 0 then
    redis.call('PEXPIRE', key('JOURNAL', A.brief), left)
end
if batch ~= before then
    move_batch()
end
if batch ~= before or A.priority then
    move_place()
end
emit(subject, A.event[1], A.event[2])
admit(account)
return 1
