-- plan: record a choice of drafts, a person's or a rule's, one planned promotion for each, and ask for their permits.
--
-- brief, promotions = {{field = text}, ...} in their order, when = {field = text} that must still hold (or none),
-- set = {field = text} of the brief (or none)
-- Returns applied, duplicate or conflict, as advance does; conflict also when a field is not as given.
--
-- Atomic, so that the choice is on record before it is acted on, of a person and a rule one is obeyed, and the slots
-- that the brief reserved pass to its promotions without being free in between.
local subject = base.brief_subject(A.brief)
if not base.unchanged(base.record_of(subject), A.when) then
    return 'conflict'
end
local answer = choice.plan(subject, A.promotions)
if answer == 'applied' then
    base.put(base.record_of(subject), A.set, {})
    admission.admit(records.get(base.record_of(subject), 'account'))
end
return answer
