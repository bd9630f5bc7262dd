-- depart: take all that is on record of an account off this shard, and keep it for the shard that it goes to.
--
--   leaver  the account
--   to      the number of that shard
--   most    briefs that it may have at the most
--   before  bytes of the namespace of this shard
-- Returns {left}, also when it has left before and is not there yet. Otherwise it returns what is in the way: {busy, a
-- subject whose call may be under way}, {shared, a batch whose budget others use}, {many, how many briefs it has}.
--
-- Atomic: each of its briefs is here or on its way, whoever comes at that moment. From then on a call about the account
-- is answered GONE here (worker/store/lua/entry.lua), and nothing of it can begin in two places.
local AT_ONCE = 50 -- steps in a part
local CALL_MS = 120000 -- after which what was begun beside a create or promote is over
local way = base.key('LEAVING', A.leaver)
if redis.call('HEXISTS', way, 'parts') == 1 then
    return {'left'}
end

local own, mine, open = {}, {}, {}
for _, list in ipairs({KEY.UNFINISHED, KEY.FINISHED}) do
    for _, brief in ipairs(redis.call('ZRANGE', list, 0, -1)) do
        local of = redis.call('HMGET', base.record_of(base.brief_subject(brief)), 'account', 'batch', 'state', 'doing', 'noted_at')
        if of[1] == A.leaver then
            own[#own + 1] = {id = brief, batch = of[2], subjects = {base.brief_subject(brief)}}
            for n = 0, (tonumber(redis.call('HGET', base.record_of(base.brief_subject(brief)), 'promotions')) or 0) - 1 do
                table.insert(own[#own].subjects, base.promotion_subject(brief, n))
            end
            if of[4] and call.now - (tonumber(of[5]) or 0) < CALL_MS then
                return {'busy', own[#own].subjects[1]}
            end
            if of[2] and list == KEY.UNFINISHED then
                open[of[2]] = (open[of[2]] or 0) + 1
            end
        end
    end
end
if #own > A.most then
    return {'many', base.whole(#own)}
end
for _, brief in ipairs(own) do
    for _, subject in ipairs(brief.subjects) do
        if redis.call('HGET', base.record_of(subject), 'state') == base.product_of(subject).claimed then
            return {'busy', subject}
        end
    end
    mine[brief.batch or ''] = true
end
for batch in pairs(open) do
    local all, allowed = unpack(redis.call('HMGET', base.key('BUDGET', batch), 'open', 'allowed'))
    if allowed and (tonumber(all) or 0) > open[batch] then
        return {'shared', batch}
    end
end

-- Each step of the way is a command of Redis, on a key without the namespace of this shard.
local parts, steps = {}, {}
local function close_part()
    if #steps > 0 then
        parts[#parts + 1], steps = '[' .. table.concat(steps, ',') .. ']', {}
    end
end
local function step(command, name, ...)
    steps[#steps + 1] = cjson.encode({command, string.sub(name, A.before + 1), ...})
    if #steps >= AT_ONCE then
        close_part()
    end
end
local function take_key(name)
    local dump = redis.call('DUMP', name)
    if dump then
        step('RESTORE', name, base.whole(math.max(0, redis.call('PTTL', name))), dump, 'REPLACE')
        redis.call('DEL', name)
    end
end
local function take_score(name, member)
    local score = redis.call('ZSCORE', name, member)
    if score then
        step('ZADD', name, score, member)
        redis.call('ZREM', name, member)
    end
    return score
end
local function take_field(name, field, command)
    local text = redis.call('HGET', name, field)
    if text then
        step(command or 'HSET', name, field, text)
        redis.call('HDEL', name, field)
    end
end

step('DEL', base.key('LEFT', A.leaver)) -- it may come back
local woken = {}
for _, brief in ipairs(own) do
    for _, subject in ipairs(brief.subjects) do
        local record = base.record_of(subject)
        local hinted, message, job = unpack(redis.call('HMGET', record, 'hinted', 'message', base.product_of(subject).job))
        -- Its message stays behind, and finds no record.
        if hinted or message then
            redis.call('HDEL', record, 'hinted', 'message')
            woken[subject] = true
        end
        if job then
            take_key(base.key('JOB', A.leaver, job))
        end
        if brief.batch then
            take_score(base.key('PARKED', brief.batch), subject)
            take_field(base.key('BATCH_RESERVATIONS', brief.batch), subject)
        end
    end
    take_key(base.key('JOURNAL', brief.id))
    for _, list in ipairs({KEY.UNFINISHED, KEY.FINISHED, KEY.BRIEFS, KEY.HELD_BRIEFS}) do
        take_score(list, brief.id)
    end
    take_field(KEY.FINISHED_AS, brief.id)
    if brief.batch then
        take_score(base.key('BATCH', brief.batch), brief.id)
    end
end
for batch in pairs(mine) do
    local its = base.key('BUDGET', batch)
    if open[batch] then
        step('HINCRBY', its, 'open', base.whole(open[batch]))
        if redis.call('HINCRBY', its, 'open', -open[batch]) <= 0 then
            redis.call('HDEL', its, 'open')
        end
    end
    if batch ~= '' and redis.call('HEXISTS', its, 'open') == 0 then
        take_field(its, 'allowed')
        take_field(its, 'halted')
        take_field(its, 'spent', 'HINCRBYFLOAT')
        batches.let_end(batch)
    end
end

local names = {accounts.record(A.leaver)}
for _, family in ipairs({'COUNTS', 'JUDGING', 'PERMITS', 'SLOTS', 'PARKED_OF', 'RESERVATIONS', 'RESERVED_BATCHES', 'CHANGES',
    'IDENTITIES', 'HANDLED', 'SEEN', 'UNRESOLVED', 'UNCLAIMED', 'JOB_SNAPSHOTS', 'PAST_LISTED', 'PAST_JOBS', 'STREAM'}) do
    names[#names + 1] = base.key(family, A.leaver)
end
for _, endpoint in ipairs(ENDPOINTS) do
    names[#names + 1] = base.key('WAITING', A.leaver, endpoint)
    for _, window in ipairs(LIMITS.windows[endpoint]) do
        names[#names + 1] = base.key('WINDOW', A.leaver, window.name)
    end
end
names[#names + 1] = base.key('WAITING', A.leaver, 'prepare')
for priority = -100, 100 do
    names[#names + 1] = base.key('FAIR', A.leaver, priority)
end
for _, name in ipairs(names) do
    take_key(name)
end
if redis.call('SREM', KEY.COUNTED, A.leaver) == 1 then
    step('SADD', KEY.COUNTED, A.leaver)
end
step('SADD', KEY.ACCOUNTS, A.leaver)
redis.call('DEL', base.key('LEASE', A.leaver))
redis.call('HDEL', KEY.ASKED, A.leaver)
for _, brief in ipairs(own) do
    for _, subject in ipairs(brief.subjects) do
        take_key(base.record_of(subject))
    end
end
close_part()
local served_after = #parts

-- What sets it going comes last, when the account is served there: timers.
for _, brief in ipairs(own) do
    for _, subject in ipairs(brief.subjects) do
        if not take_score(KEY.TIMERS, subject) and woken[subject] then
            step('ZADD', KEY.TIMERS, base.whole(call.now), subject)
        elseif woken[subject] then
            step('ZADD', KEY.TIMERS, 'LT', base.whole(call.now), subject)
        end
    end
end
for _, kind in ipairs({'account:', 'library:', 'past:'}) do
    take_score(KEY.TIMERS, kind .. A.leaver)
end
step('ZADD', KEY.TIMERS, base.whole(call.now), 'account:' .. A.leaver)
close_part()

redis.call('DEL', way) -- what it came here by, a day ago at the most
for n, part in ipairs(parts) do
    redis.call('HSET', way, n, part)
end
local ending = {}
for batch in pairs(mine) do
    ending[#ending + 1] = batch ~= '' and batch or nil
end
redis.call('HSET', way, 'parts', served_after, 'all', #parts, 'name', base.whole(call.now), 'to', A.to,
    'batches', #ending > 0 and cjson.encode(ending) or '[]')
redis.call('SET', base.key('LEFT', A.leaver), A.to)
return {'left'}
