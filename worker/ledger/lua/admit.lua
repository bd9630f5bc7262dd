-- admit: start whoever of an account may start now.
--
-- account
-- Returns the number of jobs in flight.
--
-- Atomic: two callers that both saw the last permit free would both grant it. Every script that frees
-- something ends with the same decision; this one is for simulations and for repair.
admission.admit(A.account)
return redis.call('ZCARD', base.key('PERMITS', A.account))
