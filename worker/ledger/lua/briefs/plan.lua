-- plan: record a person's choice of drafts, one planned promotion for each, and ask for their permits.
--
-- brief, promotions = {{field = text}, ...} in their order
-- Returns applied, duplicate or conflict, as advance does.
--
-- Atomic, so that the choice is on record before it is acted on, and the slots that the brief reserved pass to
-- its promotions without being free in between.
local subject = base.brief_subject(A.brief)
local answer = choice.plan(subject, A.promotions)
if answer == 'applied' then
    admission.admit(records.get(base.record_of(subject), 'account'))
end
return answer
