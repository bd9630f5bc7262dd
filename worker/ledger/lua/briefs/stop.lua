-- stop: end a brief for an operator, as far as no call or job of it is under way; the rest ends when that is over.
--
--   brief    its id
--   to       'cancelled' or 'failed'
--   why      in words
--   when     {field = text} that must still hold
--   journal  the rest of a JSON object
--   order    the order that this is part of (or none)
-- Returns applied when it was not stopped so before; duplicate when it was, or its order was stopped; conflict when it
-- has finished otherwise, is not there, or a field is not as given.
--
-- Atomic: what waits for permits ends before it can be granted them, and what is under way finds the request on record.
local subject = base.brief_subject(A.brief)
local record = base.record_of(subject)
local state, account, requested = records.many(record, 'state', 'account', 'wish')
if state == A.to or requested == A.to then
    return 'duplicate'
elseif not state or STATES[base.kind_of(subject)][state].final or not base.unchanged(record, A.when) then
    return 'conflict'
end
if A.order and not orders.take(A.order, A.brief) then
    return 'duplicate'
end
records.set(record, 'wish', A.to, 'wish_why', A.why)
journal.write(A.brief, A.journal)
local promotions = base.promotions_of(A.brief)
for _, promotion in ipairs(promotions) do
    transition.stop(account, promotion)
end
if #promotions == 0 then
    transition.stop(account, subject)
end
admission.admit(account)
return 'applied'
