-- count_in: put a brief on record as sent by a caller, with what it may cost, if the day's credits allow it and no other
-- caller has sent one of its id.
--
--   caller, day, brief
--   cost      credits
--   size      what that is reckoned from
--   replaces  true: it takes the place of one that has cost nothing
--   most      credits of a day (or none)
--   keep_ms   how long it is known to be the caller's
--   kept_ms   how long the day's credits are kept
--   others    the callers of whom none may have sent the id
-- Returns 1 where the caller may send it, also if it is counted already. Otherwise nothing is changed: 2 where one of
-- the others has sent it, 0 where the credits do not allow it.
--
-- Atomic: of two briefs that would each spend the last of the day, or that have one id, one may be sent; and a caller
-- that is killed has counted all or nothing.
local mine, today = base.key('SENT', A.caller), base.key('CALLER_CREDITS', A.caller, A.day)
local each = base.key('CALLER_COUNTED', A.caller, A.day)
local counted, size = string.match(redis.call('HGET', each, A.brief) or '', '^(%S+) (.*)$')
-- Another brief under its id may be a dearer one. By the size, as prices change before a message runs once more.
local is_another = A.most and (counted and size ~= A.size or not counted and A.replaces)
local is_mine = redis.call('ZSCORE', mine, A.brief)
if is_mine and not is_another then
    return 1
end
for _, name in ipairs(is_mine and {} or A.others) do
    if (tonumber(redis.call('ZSCORE', base.key('SENT', name), A.brief)) or 0) >= call.now - A.keep_ms then
        return 2
    end
end
local before, spent = tonumber(counted) or 0, tonumber(redis.call('GET', today) or 0)
local more = math.max(0, A.cost - before)
if A.most and spent + more > A.most + 0.000001 then -- sums of mean prices are not exact
    return 0
end
redis.call('ZADD', mine, 'NX', base.whole(call.now), A.brief)
redis.call('ZREMRANGEBYSCORE', mine, '-inf', base.whole(call.now - A.keep_ms))
redis.call('INCRBYFLOAT', today, tostring(more))
redis.call('PEXPIRE', today, base.whole(A.kept_ms))
if A.most then
    redis.call('HSET', each, A.brief, tostring(before + more) .. ' ' .. A.size)
    redis.call('PEXPIRE', each, base.whole(A.kept_ms))
end
return 1
