-- budget: set what a batch may cost, and start whoever fits it now.
--
-- batch, account, credits, by (who sets it)
-- Returns how many of its briefs are parked for lack of budget.
--
-- Atomic: a raised budget lets the first parked brief wait again in the same call.
redis.call('HSET', key('BUDGET', A.batch), 'allowed', A.credits)
-- Of a batch without a brief under way: should none come, nothing else would end it.
if redis.call('PTTL', key('BATCH', A.batch)) ~= -1 then
    redis.call('PEXPIRE', key('BUDGET', A.batch), SETTING.keep_ms)
end
log_change(A.account, {at = NOW, by = A.by, budget = {[A.batch] = A.credits}})
unpark(A.account, A.batch)
admit(A.account)
return redis.call('ZCARD', key('PARKED', A.batch))
