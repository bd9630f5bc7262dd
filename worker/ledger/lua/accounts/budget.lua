-- budget: set what a batch may cost, and start whoever fits it now.
--
--   batch, account
--   credits   the budget
--   by        who sets it
-- Returns nothing.
--
-- Atomic: a raised budget lets the first parked brief wait again in the same call.
redis.call('HSET', base.key('BUDGET', A.batch), 'allowed', A.credits)
-- Should no brief of the batch come, nothing else would end it.
batches.let_end(A.batch)
accounts.log_change(A.account, {at = call.now, by = A.by, budget = {[A.batch] = A.credits}})
budget.unpark(A.account, A.batch)
backoff.wake_preparing(A.account)
admission.admit(A.account)
