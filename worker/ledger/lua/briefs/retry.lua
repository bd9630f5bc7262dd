-- retry: bring a held or finished brief back to where it was, with those of its promotions that came to nothing.
--
--   brief       its id
--   when        {field = text} that must still hold
--   journal     the rest of a JSON object
--   moves       {{subject, from = the state in which it was read, to, set = {field = text}, forget = {field, ...},
--               timer = ms from now}, ...}, in their order
--   promotions  {{field = text}, ...}: the choice of a brief that goes back to `choosing`, if no person makes it
--   order       the order that this is part of (or none)
-- Returns applied, duplicate or conflict. It is a duplicate if that order has done it, or was stopped. It is a conflict
-- if a field is not as given, a record has left its state, or one of the moves is not allowed.
--
-- Atomic: a brief never goes on without the promotions that are to end it, and of two operators one is obeyed. While
-- one of its promotions is held a brief stays as it was read, even if another operator has brought back the rest.
local subject = base.brief_subject(A.brief)
if not base.unchanged(base.record_of(subject), A.when) then
    return 'conflict'
end
for _, change in ipairs(A.moves) do
    local answer, state = transition.check(change.subject, change.to)
    if answer ~= 'applied' or state ~= change.from then
        return 'conflict'
    end
end
if A.order and not orders.take(A.order, A.brief) then
    return 'duplicate'
end
journal.write(A.brief, A.journal)
-- What an operator has stopped before is over: it would end the brief again at once.
records.forget(base.record_of(subject), 'wish', 'wish_why')
for _, change in ipairs(A.moves) do
    transition.move(change.subject, change)
end
if A.promotions then
    choice.plan(subject, A.promotions)
end
admission.admit(records.get(base.record_of(subject), 'account'))
return 'applied'
