-- choose_again: have a draft of a brief promoted that was chosen from before: in place of one that nothing was paid for yet,
-- or beside those that were.
--
-- brief, when = {field = text} of the brief that must still hold, candidates = {promotion = text, ...}: what each of its
-- promotions may promote, as it was read, fields = {field = text} of the promotion, instead = the promotion whose draft is
-- not to be promoted (or none), journal = the rest of a JSON object
-- Returns applied; conflict when something is not as given, or the promotion has begun.
--
-- Atomic: of two who choose again one is obeyed, no draft is chosen twice, and no promote is under way for the draft that
-- another takes the place of.
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
