-- admit: start whoever of an account may start now.
--
-- account; limits = {field = text} to set first, if any
-- Returns the number of jobs in flight.
--
-- Atomic: two callers that both saw the last permit free would both grant it. Every script that frees
-- something ends with the same decision; this one is for its timer and for new limits.
if A.limits then
    put(record_of('account:' .. A.account), A.limits, {})
end
admit(A.account)
return redis.call('ZCARD', key('PERMITS', A.account))
