-- count_choice: count what a choice among a brief's drafts may cost a caller beyond what the brief was counted with, if
-- the day's credits allow it.
--
--   caller, day
--   choice   which choice of which brief
--   cost     credits
--   most     credits of a day
--   kept_ms  how long the day's credits are kept
--   counter  the run that counts it; only this run may take it back, unless another has counted it since
-- Returns 1 where the choice may be made, also if it is counted already; 0 where it may not, and nothing is changed.
--
-- Atomic: of two choices that would each spend the last of the day one may be made.
local today, each = base.key('CALLER_CREDITS', A.caller, A.day), base.key('CALLER_COUNTED', A.caller, A.day)
local more = A.cost - tonumber(redis.call('HGET', each, A.choice) or 0)
if more <= 0 then
    redis.call('HSET', each, 'by ' .. A.choice, A.counter)
    return 1
end
if tonumber(redis.call('GET', today) or 0) + more > A.most + 0.000001 then -- sums of mean prices are not exact
    return 0
end
redis.call('INCRBYFLOAT', today, tostring(more))
redis.call('PEXPIRE', today, base.whole(A.kept_ms))
redis.call('HSET', each, A.choice, tostring(A.cost), 'by ' .. A.choice, A.counter)
redis.call('PEXPIRE', each, base.whole(A.kept_ms))
return 1
