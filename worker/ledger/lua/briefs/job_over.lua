-- job_over: hand on the permit of a held record, since the API is done with its job.
--
--   subject  the record
--   when     {field = text} that must still hold
-- Returns applied, or conflict if the record is not held or a field is not as given: while the API was asked, it may
-- have been brought back and held with another job.
--
-- Atomic: the permit is freed and handed on, and the record ends if an operator has asked for that meanwhile.
local state, account = records.many(base.record_of(A.subject), 'state', 'account')
if state ~= 'held' or not base.unchanged(base.record_of(A.subject), A.when) then
    return 'conflict'
end
redis.call('ZREM', base.key('PERMITS', account), A.subject)
outbox.clear_timer(A.subject)
if stops.requested(A.subject) then
    transition.stop(account, A.subject)
end
admission.admit(account)
return 'applied'
