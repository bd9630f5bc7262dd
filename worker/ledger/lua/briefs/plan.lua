-- plan: record which drafts a person or a rule has chosen, as one planned promotion each, and ask for their permits.
--
--   brief       its id
--   promotions  {{field = text}, ...} in their order
--   when        {field = text} that must still hold (or none)
--   set         {field = text} of the brief (or none)
-- Returns applied, duplicate or conflict, as `advance` does; also conflict if a field is not as given.
--
-- Atomic: the choice is on record before anything acts on it, of a person and a rule one is obeyed, and the slots that
-- the brief reserved pass to its promotions without being free in between.
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
