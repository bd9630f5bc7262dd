-- admit: start whoever of an account may start now.
--
-- account; limits = {field = text} to set first, if any
-- Returns the number of jobs in flight.
--
-- Every script that frees something ends with the same decision; this one is for its timer and for new limits.
for field, text in pairs(A.limits or {}) do
    redis.call('HSET', record_of('account:' .. A.account), field, text)
end
admit(A.account)
return redis.call('ZCARD', key('PERMITS', A.account))
