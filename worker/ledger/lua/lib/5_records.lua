-- Moves of a record. What a state holds of the account follows from the table of states, so no path of the
-- flow can forget to give something back.

-- What drafts and promotions have cost: for the batch's budget, and to know what drafts of this account cost.
local function account_for(account, subject, kind, from, to)
    local record = record_of(subject)
    local batch, credits, made, counted =
        unpack(redis.call('HMGET', record, 'batch', 'credits_used', 'variations', 'credits_counted'))
    if kind == 'promotion' and from == 'promoting' and to == 'preprocessing' then
        spend(account, batch, PROMOTION)
        return
    elseif kind ~= 'brief' or from ~= 'generating' then
        return
    end
    if to ~= 'held' then
        redis.call('HSET', account_record(account), 'drafts_ended', 1)
    end
    if credits and credits ~= counted then
        -- A brief that is tried again reads the results of the same job again.
        local new = credits - (counted or 0)
        redis.call('HSET', record, 'credits_counted', credits)
        spend(account, batch, new)
        local before = draft_price(account)
        redis.call('HINCRBYFLOAT', account_record(account), 'drafts_credits', new)
        redis.call('HINCRBY', account_record(account), 'drafts_made', counted and 0 or made or 1)
        if draft_price(account) < before then
            unpark_all(account)
        end
        if is_promised(account, subject, batch) then
            local need = tonumber(redis.call('HGET', record_of(subject), 'need')) or 1
            take_promise(account, subject, batch)
            promise(account, subject, batch, PROMOTION * need)
            if batch then
                unpark(account, batch)
            end
        end
    end
end

-- How long jobs take: the mean of the latest twenty or so, for the estimates of when who will start. Learned from
-- jobs that were followed from their call to their end, not from what an operator or a late answer brought back.
local function learn_duration(account, subject, from, to)
    local what = (from == 'generating' and to == 'choosing' and 'drafts')
        or (from == 'preprocessing' and to == 'ready' and 'preprocessing')
    local since, left = unpack(redis.call('HMGET', record_of(subject), 'moved_at', 'left'))
    if not what or left ~= (what == 'drafts' and 'submitting' or 'promoting') then
        return
    end
    local record = account_record(account)
    local mean, seen = unpack(redis.call('HMGET', record, what .. '_ms', what .. '_seen'))
    mean, seen = tonumber(mean) or 0, math.min((tonumber(seen) or 0) + 1, 20)
    redis.call('HSET', record, what .. '_ms', whole(mean + (NOW - since - mean) / seen), what .. '_seen', seen)
end

-- Take or give back what the new state holds: job permit, slots, place in the waiting list.
-- `keep`: a permit stays, as the API may have a job of a record that is held, or whose promote may have arrived.
local function hold(account, subject, kind, from, to, keep)
    if holds_permit(kind, to) then
        -- A job that an operator has found counts from then on.
        redis.call('ZADD', key('PERMITS', account), 'NX', whole(NOW), subject)
    elseif not keep then
        redis.call('ZREM', key('PERMITS', account), subject)
    end
    local need = tonumber(redis.call('HGET', record_of(subject), 'need')) or 1
    local had_none = from == 'preprocessing' or STATES[kind][from].final
    if not STATES[kind][to].slots or (kind == 'brief' and from == 'promoting') then
        redis.call('HDEL', key('SLOTS', account), subject)
        unpromise(account, subject)
    elseif not had_none or free_slots(account, slots_cap(limits_of(account))) >= need then
        -- The slot of one that came to nothing may be somebody else's already: then it waits for one.
        redis.call('HSETNX', key('SLOTS', account), subject, need)
    end
    if from == 'preparing' then
        wake_from_pause(account, subject)
    end
    local waits = WAITS[kind]
    if to == waits.state then
        local place = holds_job(account, subject) and '-inf' or redis.call('HGET', record_of(subject), 'place')
        redis.call('ZADD', key('WAITING', account, waits.endpoint), place, subject)
    elseif from == waits.state then
        redis.call('ZREM', key('WAITING', account, waits.endpoint), subject)
        local batch = redis.call('HGET', record_of(subject), 'batch')
        if batch then
            take_parked(account, subject, batch)
        end
        if not STATES[kind][to].permit then
            settle(account, subject, false) -- granted, but given up before its request was begun
        end
    end
end

-- The identity takes its slot in the library when it is promoted, and leaves it if it comes to nothing.
local function count_identity(account, subject, kind, from, to)
    if kind ~= 'promotion' then
        return
    end
    local code = redis.call('HGET', record_of(subject), 'identity_code')
    if to == 'preprocessing' and code then
        redis.call('ZADD', key('IDENTITIES', account), whole(NOW), code)
        look_beyond(account)
    elseif from == 'preprocessing' and to ~= 'ready' and code then
        redis.call('ZREM', key('IDENTITIES', account), code)
    end
end

local function check(subject, to)
    local kind = kind_of(subject)
    local from, account = unpack(redis.call('HMGET', record_of(subject), 'state', 'account'))
    if from == to then
        return 'duplicate', from, account
    end
    if not from or not STATES[kind][from].moves[to] then
        return 'conflict', from, account
    end
    if from == WAITS[kind].state and STATES[kind][to].permit and not is_granted(account, subject) then
        return 'conflict', from, account
    end
    return 'applied', from, account
end

-- Where a record ends instead when its operator wishes it: no call of it is under way there.
local ENDS_AT = {waiting = true, choosing = true, planned = true, held = true}

-- How a promotion of unknown outcome ends that is not to be made again: with the job that it may have.
local function until_job_is_over(change)
    return {to = 'held', keep = true, timer = SETTING.again_ms, settle = change.settle,
        set = {question = 'its promote may have arrived: it ends when the job is over that it may have'}}
end

-- change: to, set = {field = text}, forget = {field, ...}, event = {type, more}, timer = ms from now,
-- settle = 'counted' | 'never left', keep = true: a permit stays
move = function(subject, change)
    local wish, why = wish_of(subject)
    if wish and ENDS_AT[change.to] and not change.keep then
        change = ending(subject, wish, why, change)
    elseif wish and change.to == 'planned' then
        change = until_job_is_over(change)
    end
    local answer, from, account = check(subject, change.to)
    if answer ~= 'applied' then
        return answer, from
    end
    local kind, record, to = kind_of(subject), record_of(subject), change.to
    learn_duration(account, subject, from, to)
    put(record, change.set, {state = to, moved_at = whole(NOW), left = from})
    redis.call('HDEL', record, 'hinted', unpack(change.forget or {}))
    if change.settle then
        settle(account, subject, change.settle == 'counted')
    end
    account_for(account, subject, kind, from, to)
    count_identity(account, subject, kind, from, to)
    hold(account, subject, kind, from, to, change.keep)
    if kind == 'brief' then
        follow_create(account, subject, to, change)
        if to == 'generating' then
            remember_purchase(brief_of(subject))
        end
    end
    if STATES[kind][from].final then
        reopen(subject, to)
    end
    if change.timer then
        set_timer(subject, NOW + change.timer)
    else
        redis.call('ZREM', KEY.TIMERS, subject)
    end
    local event = change.event
    if change.wished and kind == 'brief' then
        event = wished_event(brief_of(subject), to, change.wished) -- not before: it tells of what was just recorded
    end
    if event then
        emit(subject, event[1], event[2])
    end
    if kind == 'promotion' and (from == 'held' or to == 'held') then
        hold_brief(subject, from, to, change.set)
    elseif from == 'held' then
        redis.call('ZREM', KEY.QUESTIONS, brief_of(subject))
    elseif to == 'held' then
        redis.call('ZADD', KEY.QUESTIONS, whole(NOW), brief_of(subject))
    end
    if STATES[kind][to].final then
        if kind == 'brief' then
            finish_brief(brief_of(subject))
        else
            finish_promotion(subject)
        end
    end
    return 'applied', to
end

-- An event has had its effect: it is to be deleted, while the API may still replay it.
local function handled(account, event)
    local list = key('HANDLED', account)
    redis.call('ZADD', list, whole(NOW), event)
    redis.call('ZREMRANGEBYSCORE', list, '-inf', whole(NOW - SETTING.replay_ms))
    redis.call('PEXPIRE', list, SETTING.replay_ms)
end

-- The stream has spoken of a job of ours: of a creation, if it is a brief's.
local function has_told(account, subject)
    if kind_of(subject) == 'brief' then
        redis.call('HSET', key('STREAM', account), 'told_at', whole(NOW))
    end
end

-- Remember whose a remote job is; events that came before the POST's own answer count from now.
local function know_job(account, job, subject)
    redis.call('SET', key('JOB', account, job), subject, 'PX', SETTING.keep_ms)
    forget_stranger(account, job)
    local early = key('EARLY', account, job)
    local ids = redis.call('LRANGE', early, 0, -1)
    for _, id in ipairs(ids) do
        handled(account, id)
        -- What is seen came by webhook, and says nothing of the stream.
        if not redis.call('ZSCORE', key('SEEN', account), id) then
            has_told(account, subject)
        end
    end
    if #ids > 0 then
        redis.call('DEL', early)
        hint(subject)
    end
end

local function journal(brief, entry)
    redis.call('RPUSH', key('JOURNAL', brief), '{"at":' .. whole(NOW) .. ',' .. entry)
end

-- End a record as its operator wishes, unless a call or a job of it is or may be under way.
local function end_as_wished(account, subject)
    local kind = kind_of(subject)
    local state = redis.call('HGET', record_of(subject), 'state')
    local may_have_job = holds_job(account, subject)
    if state == 'planned' and may_have_job and not is_granted(account, subject) then
        move(subject, until_job_is_over({}))
        return
    end
    local at_work = STATES[kind][state].permit or (state == 'held' and may_have_job)
    if not at_work and not STATES[kind][state].final then
        local wish, why = wish_of(subject)
        move(subject, ending(subject, wish, why, {}))
    end
end
