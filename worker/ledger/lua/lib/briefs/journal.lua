-- What was paid for: each brief's journal, and what was bought before.
local journal = {}

local key, record_of, whole, is_known = base.key, base.record_of, base.whole, base.is_known

function journal.write(brief, entry)
    redis.call('RPUSH', key('JOURNAL', brief), '{"at":' .. whole(call.now) .. ',' .. entry)
end

-- Whether nothing was paid for a brief, nor may have been, by its journal (worker/lifecycle/charges.py reads it for people).
function journal.cost_nothing(brief)
    local open = {}
    for _, text in ipairs(redis.call('LRANGE', key('JOURNAL', brief), 0, -1)) do
        local is_json, entry = pcall(cjson.decode, text)
        if not is_json or type(entry) ~= 'table' or OUTCOMES.accepted[entry.what] then
            return false
        end
        local which = tostring(entry.call) .. ' ' .. tostring(entry.subject) .. ' ' .. tostring(entry.attempt)
        if entry.what == 'intended' or entry.supposed then
            if open[which] then
                return false
            end
            open[which] = true
        elseif not OUTCOMES.unresolved[entry.what] then
            open[which] = nil
        end
    end
    return next(open) == nil
end

-- The paid call of a subject of which nobody knows whether it was taken; nil where there is none.
function journal.lost_call(subject)
    local lost, number, last = {}, 0, nil
    for _, text in ipairs(redis.call('LRANGE', key('JOURNAL', base.brief_of(subject)), 0, -1)) do
        local is_json, entry = pcall(cjson.decode, text)
        if is_json and type(entry) == 'table' and entry.subject == subject then
            local which = tostring(entry.call) .. ' ' .. tostring(entry.attempt)
            if entry.what == 'intended' or entry.supposed then
                lost[which], number, last = true, number + (lost[which] and 0 or 1), entry.call
            elseif lost[which] and not OUTCOMES.unresolved[entry.what] then
                lost[which], number = nil, number - 1
            end
        end
    end
    return number > 0 and last or nil
end

-- What a brief is made of has been bought: it is remembered for as long as the brief is on record, and a year at
-- least, so that nobody buys the same again without a word.
function journal.remember_purchase(brief)
    local content, account, state = records.many(record_of(base.brief_subject(brief)), 'content', 'account', 'state')
    if not content then
        return -- accepted before there were such digests
    end
    local bought = cjson.encode({brief_id = brief, account = account, bought_at = call.now})
    redis.call('SET', key('CONTENT', content), bought)
    local kind = base.kind_of(base.brief_subject(brief))
    if is_known(kind, state) and STATES[kind][state].final then
        redis.call('PEXPIRE', key('CONTENT', content), SETTING.content_ms)
    end
end

function journal.bought_before(content)
    return content and redis.call('GET', key('CONTENT', content))
end

return journal
