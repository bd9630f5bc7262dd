-- due: wake every record whose timer is due, at most `most` of them.
--
--   most  how many
-- Returns ms until the next timer, or -1 when there is none.
--
-- Atomic: many listeners may run it, and each timer is taken by one. The timer of a woken record is set forward and
-- not removed: if the step dies or is lost, the record is woken again. A record in a state that this version does not
-- know is left to versions that do.
local function send(actor, subject, field)
    local record = accounts.record(string.match(subject, ':(.*)'))
    local message = records.get(record, field)
    -- Without workers they would pile up.
    if not message or redis.call('HEXISTS', base.key('MESSAGES', 'steps'), message) == 0 then
        records.set(record, field, outbox.send(actor, subject))
    end
end

-- When the first timer is due, nil where there is none.
local function first_due()
    return tonumber(redis.call('ZRANGE', KEY.TIMERS, 0, 0, 'WITHSCORES')[2])
end

local function wake(subject)
    local kind = base.kind_of(subject)
    local record = base.record_of(subject)
    local state = records.get(record, 'state')
    if kind == 'account' then
        outbox.clear_timer(subject)
        admission.admit(string.match(subject, ':(.*)'))
    elseif kind == 'library' then
        outbox.set_timer(subject, call.now + SETTING.library_ms)
        send('count_identities', subject, 'count_message')
        orphans.sweep(string.match(subject, ':(.*)'))
        judging.sweep(string.match(subject, ':(.*)'))
        -- Whoever lacks a slot wants the next count sooner, also when this one fails.
        admission.admit(string.match(subject, ':(.*)'))
    elseif kind == 'past' then
        local begins_at = history.begins_at(string.match(subject, ':(.*)'))
        outbox.set_timer(subject, math.max(begins_at, call.now + SETTING.again_ms))
        if call.now >= begins_at then
            send('look_back', subject, 'past_message')
        end
    elseif not base.is_known(kind, state) or (state and STATES[kind][state].actor) then
        outbox.set_timer(subject, call.now + SETTING.again_ms)
        outbox.wake(subject)
    else
        outbox.clear_timer(subject)
        if not state then
            outbox.wake(subject)
        end
    end
end

local is_forgetting = false
local first = first_due()
if first and first <= call.now then -- as a rule none is, where nothing goes on
    -- Each account that is told of it has a timer that is due at once.
    is_forgetting = history.go_on()
    local due = redis.call('ZRANGEBYSCORE', KEY.TIMERS, '-inf', base.whole(call.now), 'LIMIT', 0, A.most)
    for _, subject in ipairs(due) do
        wake(subject)
    end
    outbox.write_timers()
    first = first_due()
end
if is_forgetting then
    return 0
end
return first and math.max(0, first - call.now) or -1
