-- choose_again: have a draft promoted that was not chosen, beside those that were or in place of one of them.
--
--   brief       its id
--   when        {field = text} of the brief that must still hold
--   candidates  {promotion = text, ...}: what each of its promotions may promote, as it was read
--   fields      {field = text} of the promotion
--   instead     the promotion whose draft is not to be promoted any more; nothing may be paid for it yet (or none)
--   journal     the rest of a JSON object
-- Returns applied, or conflict if something is not as given or that promotion has begun.
--
-- Atomic: of two people who choose again one is obeyed, no draft is chosen twice, and no promote is under way for a
-- draft that another has replaced.
local subject = base.brief_subject(A.brief)
if not base.unchanged(base.record_of(subject), A.when) or stops.requested(subject) then
    return 'conflict'
end
for promotion, text in pairs(A.candidates) do
    if records.get(base.record_of(promotion), 'candidates') ~= text then
        return 'conflict'
    end
end
local answer = A.instead and choice.exchange(A.instead, A.fields) or not A.instead and choice.add(subject, A.fields)
if answer == 'applied' then
    journal.write(A.brief, A.journal)
    admission.admit(records.get(base.record_of(subject), 'account'))
end
return answer
