-- The choice among a brief's drafts, on record as the promotions that it asks for.
local choice = {}

local key, record_of, brief_of, put, whole = base.key, base.record_of, base.brief_of, base.put, base.whole

-- Put a planned promotion of a brief on record, the number n of it, from 0; it waits for permits from then on. Returns its
-- subject.
local function put_promotion(subject, n, fields)
    local record = record_of(subject)
    local follows = base.product_of(subject).follows
    local account, score, batch, grants, on_name_taken, name =
        records.many(record, 'account', 'place', 'batch', 'promotion_grants', 'on_name_taken', 'name')
    local promotion = follows .. ':' .. brief_of(subject) .. '#' .. n
    put(record_of(promotion), fields, {state = KINDS[follows].waits, account = account, brief = brief_of(subject), need = 1,
        on_name_taken = on_name_taken or nil, name = name or nil, place = score, batch = batch or nil, grants = grants or nil,
        trace = records.get(record, 'trace') or nil, moved_at = whole(call.now)})
    transition.tell(promotion, account, nil, KINDS[follows].waits, 0)
    redis.call('ZADD', key('WAITING', account, KINDS[follows].endpoint), score, promotion)
    return promotion
end

-- Move a brief to `promoting`, with one planned promotion for each of the given tables of fields. Returns what the move
-- answered.
function choice.plan(subject, promotions)
    local record = record_of(subject)
    local account, batch = records.many(record, 'account', 'batch')
    local reserved = tonumber(account and redis.call('HGET', key('SLOTS', account), subject)) or 0
    local budgeted = account and budget.is_reserved(account, subject, batch)
    local follows = base.product_of(subject).follows
    local answer = transition.move(subject, {to = base.product_of(subject).following})
    if answer ~= 'applied' then
        return answer
    end
    records.set(record, 'promotions', #promotions, 'unfinished', #promotions)
    records.forget(record, 'judging', 'error')
    for n, fields in ipairs(promotions) do
        local promotion = put_promotion(subject, n - 1, fields)
        -- A person may pick more drafts than slots were reserved; the others wait for a slot as any other.
        if n <= reserved then
            redis.call('HSET', key('SLOTS', account), promotion, 1)
            if budgeted then
                budget.reserve(account, promotion, batch, KINDS[follows].cost)
            end
        end
    end
    return answer
end

-- Have one more draft promoted of a brief that has promotions, or has ended well with them. No slot is reserved for it, so
-- it waits for one as any other. Returns what became of it.
function choice.add(subject, fields)
    local record, following = record_of(subject), base.product_of(subject).following
    local state, number = records.many(record, 'state', 'promotions')
    if state ~= following then
        local answer = transition.move(subject, {to = following})
        if answer ~= 'applied' then
            return answer
        end
    end
    put_promotion(subject, tonumber(number), fields)
    records.add(record, 'promotions', 1)
    records.add(record, 'unfinished', 1)
    return 'applied'
end

-- Have another draft promoted by a promotion of which nothing has begun: no request is granted to it, and it holds no
-- permit for an earlier one that may have arrived. Returns what became of it.
function choice.exchange(promotion, fields)
    local product = base.product_of(promotion)
    local state, account, code = records.many(record_of(promotion), 'state', 'account', product.job)
    if state ~= product.waits or code or permits.is_granted(account, promotion) or capacity.holds_job(account, promotion) then
        return 'conflict'
    end
    put(record_of(promotion), fields, {})
    records.forget(record_of(promotion), 'repeated', 'error')
    return 'applied'
end

return choice
