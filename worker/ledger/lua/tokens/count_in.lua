-- count_in: put a brief on record as a caller's, with what it may cost, unless that is more than is left of the day.
--
-- caller, day, brief, cost = credits, most = credits of a day (or none), keep_ms = how long it is known to be the
-- caller's, kept_ms = how long the day's credits are
-- Returns 1 where the caller may send it, which it may where it is on record already; else 0, and nothing is changed.
--
-- Atomic: of two that would each spend the last of the day one may, and whoever is killed has counted all or nothing.
local mine, today = base.key('SENT', A.caller), base.key('CALLER_CREDITS', A.caller, A.day)
if redis.call('ZSCORE', mine, A.brief) then
    return 1
end
local spent = tonumber(redis.call('GET', today) or 0)
if A.most and spent + A.cost > A.most + 0.000001 then -- sums of mean prices are not exact
    return 0
end
redis.call('ZADD', mine, base.whole(call.now), A.brief)
redis.call('ZREMRANGEBYSCORE', mine, '-inf', base.whole(call.now - A.keep_ms))
redis.call('INCRBYFLOAT', today, tostring(A.cost))
redis.call('PEXPIRE', today, base.whole(A.kept_ms))
return 1
