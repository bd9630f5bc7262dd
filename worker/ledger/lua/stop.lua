-- stop: end a brief for an operator, as far as no call or job of it is under way; the rest ends when that is over.
--
-- brief, to = 'cancelled' | 'failed', why, when = {field = text} that must still hold, journal = the rest of a JSON
-- object
-- Returns applied when it was not stopped so before; duplicate when it was; conflict when it is finished otherwise, is
-- not there, or a field is not as given.
--
-- Atomic: what waits for permits ends before it can be granted them, and what is under way finds the wish on record.
local subject = 'brief:' .. A.brief
local record = record_of(subject)
local state, account, wish = unpack(redis.call('HMGET', record, 'state', 'account', 'wish'))
if state == A.to or wish == A.to then
    return 'duplicate'
elseif not state or STATES.brief[state].final or not unchanged(record, A.when) then
    return 'conflict'
end
redis.call('HSET', record, 'wish', A.to, 'wish_why', A.why)
journal(A.brief, A.journal)
local promotions = promotions_of(A.brief)
for _, promotion in ipairs(promotions) do
    end_as_wished(account, promotion)
end
if #promotions == 0 then
    end_as_wished(account, subject)
end
admit(account)
return 'applied'
