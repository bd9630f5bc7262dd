-- An operator's request that a brief ends, as `cancelled` or `failed`: fields `wish` and `wish_why` of its record.
local stops = {}

local record_of, brief_of, promotions_of = base.record_of, base.brief_of, base.promotions_of

-- How a brief is to end, and why; nil when nobody has asked for it.
function stops.requested(subject)
    local got = {records.many(record_of(base.brief_subject(brief_of(subject))), 'wish', 'wish_why')}
    return got[1] or nil, got[2]
end

-- What the last event of a brief says when an operator has ended it; `more` is the inside of a JSON object.
function stops.event(brief, to, why, more)
    local credits = tonumber(records.get(record_of(base.brief_subject(brief)), 'credits_used')) or 0
    for _, promotion in ipairs(promotions_of(brief)) do
        credits = credits + (records.get(record_of(promotion), base.product_of(promotion).job) and base.cost_of(promotion) or 0)
    end
    return {EVENT[to], '"error":' .. cjson.encode(why) .. ',"credits":' .. credits .. (more or '')}
end

-- The move that ends a record as was asked for, in place of `change`.
function stops.ending(to, why, change)
    local set = {error = why}
    for field, text in pairs(change.set or {}) do
        set[field] = set[field] or text
    end
    return {to = to, set = set, forget = {'question', 'evidence', 'candidate_jobs'}, completion = change.completion, stopped = why}
end

-- How a promotion of unknown outcome ends that must not be made again: when the job is over that it may have.
function stops.until_job_is_over(change)
    return {to = 'held', keep_permit = true, timer = SETTING.again_ms, completion = change.completion,
        set = {question = 'its promote may have arrived: it ends when the job is over that it may have'}}
end

return stops
