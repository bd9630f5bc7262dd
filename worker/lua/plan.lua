-- plan: record the choice of drafts, one planned promotion for each, and ask for their permits.
--
-- brief, promotions = {{field = text}, ...} in their order
-- Returns moved, repeat or elsewhere, as advance does.
--
-- Atomic, so that the choice is on record before it is acted on, and the slots that the brief reserved pass to
-- its promotions without being free in between.
local subject = 'brief:' .. A.brief
local record = record_of(subject)
local account, place, batch = unpack(redis.call('HMGET', record, 'account', 'place', 'batch'))
local reserved = tonumber(account and redis.call('HGET', key('SLOTS', account), subject)) or 0
local promised = batch and redis.call('HEXISTS', key('PROMISED', batch), subject) == 1
local answer = move(subject, {to = 'promoting'})
if answer ~= 'moved' then
    return answer
end
redis.call('HSET', record, 'promotions', #A.promotions, 'unfinished', #A.promotions)
for n, fields in ipairs(A.promotions) do
    local promotion = 'promotion:' .. A.brief .. '#' .. (n - 1)
    put(record_of(promotion), fields, {state = 'planned', account = account, brief = A.brief, need = 1,
        place = place, batch = batch or nil, moved_at = whole(NOW)})
    -- A person may pick more than was reserved; those wait for a slot like everybody.
    if n <= reserved then
        redis.call('HSET', key('SLOTS', account), promotion, 1)
        if promised then
            redis.call('HSET', key('PROMISED', batch), promotion, PROMOTION)
        end
    end
    redis.call('ZADD', key('WAITING', account, 'promote'), place, promotion)
end
admit(account)
return answer
