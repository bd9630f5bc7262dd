-- budget: set what a batch may cost, and start whoever fits it now.
--
-- batch, account, credits
-- Returns how many of its briefs are parked for lack of budget.
--
-- Atomic: a raised budget lets the first parked brief wait again in the same call.
redis.call('HSET', key('BUDGET', A.batch), 'allowed', A.credits)
unpark(A.account, A.batch)
admit(A.account)
return redis.call('ZCARD', key('PARKED', A.batch))
