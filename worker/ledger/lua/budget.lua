-- budget: set what a batch may cost, and start whoever fits it now.
--
-- batch, account, credits, by (who sets it)
-- Returns nothing.
--
-- Atomic: a raised budget lets the first parked brief wait again in the same call.
redis.call('HSET', key('BUDGET', A.batch), 'allowed', A.credits)
-- Should no brief of the batch come, nothing else would end it.
let_batch_end(A.batch)
log_change(A.account, {at = NOW, by = A.by, budget = {[A.batch] = A.credits}})
unpark(A.account, A.batch)
admit(A.account)
