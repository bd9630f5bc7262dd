-- Briefs whose drafts a rule has yet to look at. Each needs a timer. A version that knows of no such rules clears it when
-- it is due, because there a brief that is `choosing` waits for a person; so a timer that was lost is set again.
local judging = {}

local key, record_of = base.key, base.record_of

-- Briefs that one sweep looks at: those that were not looked at for the longest time.
local MOST = 100

-- Set the timers of an account's briefs that have lost theirs. What is judged no more, as an older version has moved it
-- without the index, leaves that.
function judging.sweep(account)
    local index = key('JUDGING', account)
    local briefs, subjects = redis.call('ZRANGE', index, 0, MOST - 1), {}
    if #briefs == 0 then
        return
    end
    for n, brief in ipairs(briefs) do
        subjects[n] = base.brief_subject(brief)
    end
    local timers, stay, gone = redis.call('ZMSCORE', KEY.TIMERS, unpack(subjects)), {}, {}
    for n, brief in ipairs(briefs) do
        local lost = not timers[n] and counts.is_judging(records.texts(record_of(subjects[n])))
        if lost then
            outbox.set_timer(subjects[n], call.now)
        end
        if lost or timers[n] then
            stay[#stay + 1] = base.whole(call.now)
            stay[#stay + 1] = brief
        else
            gone[#gone + 1] = brief
        end
    end
    if #stay > 0 then
        redis.call('ZADD', index, unpack(stay))
    end
    if #gone > 0 then
        redis.call('ZREM', index, unpack(gone))
    end
end

return judging
