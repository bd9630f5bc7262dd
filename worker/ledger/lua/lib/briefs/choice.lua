-- The choice among a brief's drafts, on record as the promotions that it asks for.
local choice = {}

local key, record_of, brief_of, put, whole = base.key, base.record_of, base.brief_of, base.put, base.whole

-- Move a brief to `promoting`, with one planned promotion for each of the given tables of fields; they wait for
-- permits from then on. Returns what the move answered.
function choice.plan(subject, promotions)
    local record = record_of(subject)
    local account, score, batch, grants, on_name_taken, name =
        records.many(record, 'account', 'place', 'batch', 'promotion_grants', 'on_name_taken', 'name')
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
        local promotion = follows .. ':' .. brief_of(subject) .. '#' .. (n - 1)
        put(record_of(promotion), fields, {state = KINDS[follows].waits, account = account, brief = brief_of(subject), need = 1,
            on_name_taken = on_name_taken or nil, name = name or nil, place = score, batch = batch or nil, grants = grants or nil,
            trace = records.get(record, 'trace') or nil, moved_at = whole(call.now)})
        transition.tell(promotion, account, nil, KINDS[follows].waits, 0)
        -- A person may pick more than was reserved; those wait for a slot like everybody.
        if n <= reserved then
            redis.call('HSET', key('SLOTS', account), promotion, 1)
            if budgeted then
                budget.reserve(account, promotion, batch, KINDS[follows].cost)
            end
        end
        redis.call('ZADD', key('WAITING', account, KINDS[follows].endpoint), score, promotion)
    end
    return answer
end

return choice
