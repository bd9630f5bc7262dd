-- How a brief ends, for good or until an operator retries it, and how that follows from its promotions.
local endings = {}

local key, record_of, brief_of = base.key, base.record_of, base.brief_of
local has_record, whole, promotions_of = base.has_record, base.whole, base.promotions_of

-- A brief's keys, with what its end does to their lifetime: they end after keep_ms, or not any more.
local function keep(brief, command, ...)
    local record = record_of(base.brief_subject(brief))
    records.lifetime(record, command, ...)
    redis.call(command, key('JOURNAL', brief), ...)
    for _, promotion in ipairs(promotions_of(brief)) do
        records.lifetime(record_of(promotion), command, ...)
    end
end

function endings.finish_brief(brief)
    redis.call('ZREM', KEY.UNFINISHED, brief)
    redis.call('ZADD', KEY.FINISHED, whole(call.now), brief)
    counts.trim()
    keep(brief, 'PEXPIRE', SETTING.keep_ms)
    local subject = base.brief_subject(brief)
    local account, content = records.many(record_of(subject), 'account', 'content')
    -- A release of schema 1 frees nothing of an account's budget when it moves one of them.
    redis.call('HDEL', key('RESERVATIONS', account), subject, unpack(promotions_of(brief)))
    if content then
        redis.call('PEXPIRE', key('CONTENT', content), SETTING.content_ms)
    end
    local batch = records.get(record_of(base.brief_subject(brief)), 'batch')
    if batch then
        batches.leave(batch)
    end
end

-- Let a finished record go on, because an operator retries it.
function endings.reopen(subject, to)
    local brief = brief_of(subject)
    local record = record_of(base.brief_subject(brief))
    if base.product_of(subject).parent then
        records.add(record, 'unfinished', 1)
        records.forget(record_of(subject), 'outcome')
        return
    end
    redis.call('ZREM', KEY.FINISHED, brief)
    redis.call('ZADD', KEY.UNFINISHED, records.get(record, 'accepted_at'), brief)
    records.forget(record, 'wish', 'wish_why')
    keep(brief, 'PERSIST')
    local batch = records.get(record, 'batch')
    if batch then
        batches.join(batch)
    end
    if to == base.product_of(subject).made then
        -- The choice is made anew. Its promotions get the numbers of these, and go on with their attempts' numbers.
        local grants = 0
        for _, promotion in ipairs(promotions_of(brief)) do
            grants = math.max(grants, tonumber(records.get(record_of(promotion), 'grants')) or 0)
            local written_off = tonumber(records.get(record_of(promotion), 'written_off'))
            if written_off then -- the API tells of it when its draft is promoted again
                budget.spend(records.get(record, 'account'), batch, -written_off, base.product_of(promotion).endpoint)
            end
            records.delete(record_of(promotion))
        end
        records.forget(record, 'promotions', 'unfinished')
        records.set(record, 'promotion_grants', grants)
    end
end

-- What follows for a brief from the end of a promotion: with its last one it ends, as done if anything came of it and
-- nothing was stopped. Returns the brief's move, nil while other promotions go on.
function endings.after_promotion(subject)
    local brief = brief_of(subject)
    local record = record_of(base.brief_subject(brief))
    if not has_record(base.brief_subject(brief)) then
        records.lifetime(record_of(subject), 'PEXPIRE', SETTING.keep_ms)
        return nil
    end
    if records.add(record, 'unfinished', -1) > 0 then
        return nil
    end
    local outcomes, seen = {}, {}
    for n, promotion in ipairs(promotions_of(brief)) do
        local state, outcome = records.many(record_of(promotion), 'state', 'outcome')
        seen[state] = true
        outcomes[n] = outcome or '{"promotion":"' .. promotion .. '","state":"' .. state .. '"}'
    end
    local to = seen.cancelled and 'cancelled' or seen.ready and 'done' or 'failed'
    local more = '"promotions":[' .. table.concat(outcomes, ',') .. ']'
    local stop, why = stops.requested(subject)
    if stop == to then
        return {to = to, set = {error = why}, event = stops.event(brief, to, why, ',' .. more)}
    end
    local set = to == 'failed' and {error = 'none of its promotions made an identity'} or nil
    return {to = to, set = set, event = {EVENT[to], more}}
end

-- What follows for a brief from a promotion that is held, or goes on: the brief is held until none of them is. Returns
-- the brief's move, nil while another one is held.
function endings.after_hold(subject, to, set)
    if to == 'held' then
        -- `keep_permit`: an operator's stop waits for the promotion.
        return {to = 'held', set = {question = set and set.question or ''}, keep_permit = true}
    end
    for _, promotion in ipairs(promotions_of(brief_of(subject))) do
        if records.get(record_of(promotion), 'state') == 'held' then
            return nil
        end
    end
    return {to = 'promoting', forget = {'question'}}
end

return endings
