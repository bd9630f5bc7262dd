-- budget: set what a batch may cost, and start whoever fits it now.
--
-- batch, account, credits, by (who sets it)
-- Returns how many of its briefs are parked for lack of budget.
--
-- Atomic: a raised budget lets the first parked brief wait again in the same call.
redis.call('HSET', key('BUDGET', A.batch), 'allowed', A.credits)
-- Should no brief of the batch come, nothing else would end it.
let_batch_end(A.batch)
log_change(A.account, {at = NOW, by = A.by, budget = {[A.batch] = A.credits}})
unpark(A.account, A.batch)
admit(A.account)
return redis.call('ZCARD', key('PARKED', A.batch))
