-- job_over: the API is done with the job of a held record: hand its permit on.
--
-- subject, when = {field = text} that must still hold
-- Returns applied; conflict when the record is not held, or a field is not as given: while the API was asked it may
-- have been brought back and be held with another job.
--
-- Atomic: freed and handed on, and the record ended if an operator has wished that meanwhile.
local state, account = unpack(redis.call('HMGET', record_of(A.subject), 'state', 'account'))
if state ~= 'held' or not unchanged(record_of(A.subject), A.when) then
    return 'conflict'
end
redis.call('ZREM', key('PERMITS', account), A.subject)
redis.call('ZREM', KEY.TIMERS, A.subject)
if wish_of(A.subject) then
    end_as_wished(account, A.subject)
end
admit(account)
return 'applied'
