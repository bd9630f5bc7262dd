-- uncount_choice: take back what a choice was counted with, which was refused then.
--
-- caller, day, choice, counter = the run that has counted it, as for count_choice
-- Returns nothing.
--
-- Atomic: it is taken back once, and not where another run of the same choice has counted on it, which may be made.
local today, each = base.key('CALLER_CREDITS', A.caller, A.day), base.key('CALLER_COUNTED', A.caller, A.day)
local cost, counter = unpack(redis.call('HMGET', each, A.choice, 'by ' .. A.choice))
if cost and counter == A.counter then
    redis.call('HDEL', each, A.choice, 'by ' .. A.choice)
    redis.call('INCRBYFLOAT', today, tostring(-cost))
end
