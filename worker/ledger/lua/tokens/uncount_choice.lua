-- uncount_choice: take back what `count_choice` has counted for a choice that was then refused.
--
--   caller, day, choice
--   counter  the run that has counted it, as for count_choice
-- Returns nothing.
--
-- Atomic: it is taken back once, and not if another run of the same choice, which may be made, has counted on it.
local today, each = base.key('CALLER_CREDITS', A.caller, A.day), base.key('CALLER_COUNTED', A.caller, A.day)
local cost, counter = unpack(redis.call('HMGET', each, A.choice, 'by ' .. A.choice))
if cost and counter == A.counter then
    redis.call('HDEL', each, A.choice, 'by ' .. A.choice)
    redis.call('INCRBYFLOAT', today, tostring(-cost))
end
