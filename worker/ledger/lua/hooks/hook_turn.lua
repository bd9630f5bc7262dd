-- hook_turn: put on record what has come of messages to an endpoint, and claim those that are to be sent next.
--
--   name     the endpoint
--   done     {{brief, claim, outcome = taken, failed or given_up, line = what the log of deliveries says, why, again_ms,
--            jitter, gone}, ...}
--   most     messages to claim at most
--   hold_ms  how long a claim lasts
-- Returns the time, and {brief, entry, claim, number of the try, time of the first one, event} for each message.
--
-- Atomic: of two processes that send for an endpoint each claims other briefs, one event of a brief at a time. If one
-- dies after its claim, its message is sent by another when the claim has ended. What it says later changes nothing.
local hook, due = base.key('HOOK', A.name), base.key('HOOK_DUE', A.name)

local function settle(each)
    local row = endpoints.row(A.name, each.brief)
    if not row or row.claim ~= each.claim then
        return -- it took so long that another one claimed it
    end
    row.claim = nil
    redis.call('LPUSH', base.key('HOOK_LOG', A.name), each.line)
    if SETTING.traces and each.outcome ~= 'failed' then
        stages.delivered(A.name, row, endpoints.text_of(row.events[1]), each.outcome, each.line)
    end
    if each.outcome == 'taken' then
        endpoints.well(A.name)
        endpoints.drop_first(A.name, row)
        return endpoints.write(A.name, each.brief, row, call.now)
    end
    local is_paused = endpoints.failed(A.name, each.claim, each.why, each.jitter, each.gone)
    if each.outcome == 'failed' or is_paused then
        return endpoints.write(A.name, each.brief, row, call.now + each.again_ms)
    end
    redis.call('ZADD', base.key('HOOK_FAILED', A.name), base.whole(call.now), row.events[1])
    redis.call('HINCRBY', hook, 'given_up', 1)
    endpoints.drop_first(A.name, row)
    endpoints.write(A.name, each.brief, row, call.now)
end

local function claim(brief)
    local row = endpoints.row(A.name, brief)
    local text = endpoints.first_text(A.name, row)
    if text then
        row.claim = redis.call('HINCRBY', KEY.HOOKS_AT, 'claims', 1)
        row.tries, row.since = (row.tries or 0) + 1, row.since or call.now
    end
    endpoints.write(A.name, brief, row, call.now + A.hold_ms)
    if not text then
        return nil
    end
    -- What was in vain before a pause does not count.
    local since = math.max(row.since, tonumber(redis.call('HGET', hook, 'resumed_at')) or 0)
    return {brief, row.events[1], row.claim, row.tries, base.whole(since), text}
end

if redis.call('HEXISTS', KEY.HOOKS, A.name) == 0 then
    return {base.whole(call.now)} -- removed meanwhile
end
for _, each in ipairs(A.done) do
    settle(each)
end
endpoints.trim(A.name)
local answer, most = {base.whole(call.now)}, A.most
local paused, rest, failures = unpack(redis.call('HMGET', hook, 'paused', 'rest_until', 'failures'))
if paused or (tonumber(rest) or 0) > call.now or most == 0 then
    return answer
end
local briefs = redis.call('ZRANGEBYSCORE', due, '-inf', base.whole(call.now), 'LIMIT', 0, most)
if (tonumber(failures) or 0) >= SETTING.hook_failures and #briefs > 0 then
    -- One tries whether it is well again, and the others wait for what comes of that.
    briefs = {briefs[1]}
    redis.call('HSET', hook, 'rest_until', base.whole(call.now + A.hold_ms))
end
for _, brief in ipairs(briefs) do
    answer[#answer + 1] = claim(brief)
end
return answer
