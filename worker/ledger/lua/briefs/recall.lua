-- recall: send a step at once that had to leave its thread to others, instead of when its timer is due.
--
--   subject  its record
-- Returns 1; 0 where there is nothing to run any more.
--
-- Atomic: the step that is sent is that of the state in which the record still is.
local kind, state = base.kind_of(A.subject), records.get(base.record_of(A.subject), 'state')
if kind == 'library' or kind == 'past' then
    outbox.set_timer(A.subject, call.now)
    return 1
end
if not state or not base.is_known(kind, state) or not STATES[kind][state].actor then
    return 0
end
outbox.wake(A.subject)
return 1
