-- How a brief ends, for good or until an operator wants it tried again.

local move -- a promotion's end may end its brief

local function promotions_of(brief)
    local subjects = {}
    for n = 0, (tonumber(redis.call('HGET', record_of('brief:' .. brief), 'promotions')) or 0) - 1 do
        subjects[#subjects + 1] = 'promotion:' .. brief .. '#' .. n
    end
    return subjects
end

-- A brief's keys, with what its end does to their lifetime: they end after keep_ms, or not any more.
local function keep(brief, command, ...)
    local record = record_of('brief:' .. brief)
    redis.call(command, record, ...)
    redis.call(command, key('JOURNAL', brief), ...)
    for _, promotion in ipairs(promotions_of(brief)) do
        redis.call(command, record_of(promotion), ...)
    end
end

-- A brief of the batch is open: the batch and its budget stay.
local function join_batch(batch)
    redis.call('HINCRBY', key('BUDGET', batch), 'open', 1)
    redis.call('PERSIST', key('BATCH', batch))
    redis.call('PERSIST', key('BUDGET', batch))
end

-- A batch without an open brief ends after keep_ms, and its budget with it.
local function let_batch_end(batch)
    if redis.call('HEXISTS', key('BUDGET', batch), 'open') == 0 then
        redis.call('PEXPIRE', key('BATCH', batch), SETTING.keep_ms)
        redis.call('PEXPIRE', key('BUDGET', batch), SETTING.keep_ms)
    end
end

-- Counted, not looked for among the open briefs: that would take longer for each brief that there is.
local function leave_batch(batch)
    if redis.call('HINCRBY', key('BUDGET', batch), 'open', -1) <= 0 then
        redis.call('HDEL', key('BUDGET', batch), 'open')
    end
    let_batch_end(batch)
end

-- What a brief is made of has been bought: it is remembered for as long as the brief is on record, and a year at
-- least, so that nobody buys the same again without a word.
local function remember_purchase(brief)
    local content, account, state = unpack(redis.call('HMGET', record_of('brief:' .. brief), 'content', 'account', 'state'))
    if not content then
        return -- accepted before there were such digests
    end
    local bought = cjson.encode({brief_id = brief, account = account, bought_at = NOW})
    redis.call('SET', key('CONTENT', content), bought)
    if is_known('brief', state) and STATES.brief[state].final then
        redis.call('PEXPIRE', key('CONTENT', content), SETTING.content_ms)
    end
end

local function bought_before(content)
    return content and redis.call('GET', key('CONTENT', content))
end

local function finish_brief(brief)
    redis.call('ZREM', KEY.OPEN, brief)
    redis.call('ZADD', KEY.FINISHED, whole(NOW), brief)
    redis.call('ZREMRANGEBYSCORE', KEY.FINISHED, '-inf', whole(NOW - SETTING.keep_ms))
    keep(brief, 'PEXPIRE', SETTING.keep_ms)
    local content = redis.call('HGET', record_of('brief:' .. brief), 'content')
    if content then
        redis.call('PEXPIRE', key('CONTENT', content), SETTING.content_ms)
    end
    local batch = redis.call('HGET', record_of('brief:' .. brief), 'batch')
    if batch then
        leave_batch(batch)
    end
end

-- A finished record goes on: an operator wants it tried again.
local function reopen(subject, to)
    local brief = brief_of(subject)
    local record = record_of('brief:' .. brief)
    if kind_of(subject) == 'promotion' then
        redis.call('HINCRBY', record, 'unfinished', 1)
        redis.call('HDEL', record_of(subject), 'outcome')
        return
    end
    redis.call('ZREM', KEY.FINISHED, brief)
    redis.call('ZADD', KEY.OPEN, redis.call('HGET', record, 'accepted_at'), brief)
    redis.call('HDEL', record, 'wish', 'wish_why')
    keep(brief, 'PERSIST')
    local batch = redis.call('HGET', record, 'batch')
    if batch then
        join_batch(batch)
    end
    if to == 'choosing' then
        -- The choice is made anew, and its promotions have the numbers of these; their attempts count on.
        local grants = 0
        for _, promotion in ipairs(promotions_of(brief)) do
            grants = math.max(grants, tonumber(redis.call('HGET', record_of(promotion), 'grants')) or 0)
            redis.call('DEL', record_of(promotion))
        end
        redis.call('HDEL', record, 'promotions', 'unfinished')
        redis.call('HSET', record, 'promotion_grants', grants)
    end
end

-- An operator's wish that a brief ends as `cancelled` or `failed`, and why; nil when there is none.
local function wish_of(subject)
    local got = redis.call('HMGET', record_of('brief:' .. brief_of(subject)), 'wish', 'wish_why')
    return got[1] or nil, got[2]
end

-- What the last event of a brief says when an operator has ended it; `more` is the inside of a JSON object.
local function wished_event(brief, wish, why, more)
    local credits = tonumber(redis.call('HGET', record_of('brief:' .. brief), 'credits_used')) or 0
    for _, promotion in ipairs(promotions_of(brief)) do
        credits = credits + PROMOTION * redis.call('HEXISTS', record_of(promotion), 'identity_code')
    end
    return {'identity.brief.' .. wish, '"error":' .. cjson.encode(why) .. ',"credits":' .. credits .. (more or '')}
end

-- The move that ends a record as its operator wishes, in place of `change`.
local function ending(subject, wish, why, change)
    local set = {error = why}
    for field, text in pairs(change.set or {}) do
        set[field] = set[field] or text
    end
    return {to = wish, set = set, forget = {'question', 'evidence', 'candidate_jobs'}, settle = change.settle, wished = why}
end

-- The last promotion of a brief ends the brief: done if anything came of it and nothing was stopped.
local function finish_promotion(subject)
    local brief = brief_of(subject)
    local record = record_of('brief:' .. brief)
    if not has_record('brief:' .. brief) then
        redis.call('PEXPIRE', record_of(subject), SETTING.keep_ms)
        return
    end
    if redis.call('HINCRBY', record, 'unfinished', -1) > 0 then
        return
    end
    local outcomes, seen = {}, {}
    for n, promotion in ipairs(promotions_of(brief)) do
        local state, outcome = unpack(redis.call('HMGET', record_of(promotion), 'state', 'outcome'))
        seen[state] = true
        outcomes[n] = outcome or '{"promotion":"' .. promotion .. '","state":"' .. state .. '"}'
    end
    local to = seen.cancelled and 'cancelled' or seen.ready and 'done' or 'failed'
    local more = '"promotions":[' .. table.concat(outcomes, ',') .. ']'
    local wish, why = wish_of(subject)
    if wish == to then
        move('brief:' .. brief, {to = to, set = {error = why}, event = wished_event(brief, to, why, ',' .. more)})
    else
        local set = to == 'failed' and {error = 'none of its promotions made an identity'} or nil
        move('brief:' .. brief, {to = to, set = set, event = {'identity.brief.' .. to, more}})
    end
end

-- A promotion that is held holds its brief, until the last of them goes on.
local function hold_brief(subject, from, to, set)
    local brief = 'brief:' .. brief_of(subject)
    if to == 'held' then
        -- `keep`: what an operator wishes waits for the promotion.
        move(brief, {to = 'held', set = {question = set and set.question or ''}, keep = true})
        return
    end
    for _, promotion in ipairs(promotions_of(brief_of(subject))) do
        if redis.call('HGET', record_of(promotion), 'state') == 'held' then
            return
        end
    end
    move(brief, {to = 'promoting', forget = {'question'}})
end
