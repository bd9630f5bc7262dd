-- Moves of a record. What a state holds of the account follows from the table of states, so no path of the
-- flow can forget to give something back.
local transition = {}

local record_of, kind_of, brief_of, put, whole = base.record_of, base.kind_of, base.brief_of, base.put, base.whole

-- Whether a record may move: what the move would answer, its state and its account.
function transition.check(subject, to)
    local kind = kind_of(subject)
    local from, account = records.many(record_of(subject), 'state', 'account')
    if from == to then
        return 'duplicate', from, account
    end
    if not from or not STATES[kind][from].moves[to] then
        return 'conflict', from, account
    end
    if from == KINDS[kind].waits and STATES[kind][to].permit and not permits.is_granted(account, subject) then
        return 'conflict', from, account
    end
    return 'applied', from, account
end

-- Where a record ends instead when an operator has asked for it: no call of it is under way there.
local ENDS_AT = {waiting = true, choosing = true, planned = true, held = true}

-- Move a promotion's brief as its own move asks for, if it does.
local function move_brief(promotion, change)
    if change then
        transition.move(base.brief_subject(brief_of(promotion)), change)
    end
end

-- Tell the caller that a record has moved, for its log and its counts: `from` is nil if it has just come, `ms` is how
-- long it was in that state.
function transition.tell(subject, account, from, to, ms)
    call.told = call.told or {}
    call.told[#call.told + 1] = {kind_of(subject), brief_of(subject), subject, account, from or '', to, ms,
        records.get(record_of(subject), 'trace') or ''}
    stages.ended(subject, account, from, to, ms)
end

-- change: to, set = {field = text}, forget = {field, ...}, event = {type, more}, timer = ms from now,
-- completion = 'counted' | 'never left', keep_permit = true: a permit stays
function transition.move(subject, change)
    local stop, why = stops.requested(subject)
    local product = base.product_of(subject)
    if stop and ENDS_AT[change.to] and not change.keep_permit then
        change = stops.ending(stop, why, change)
    elseif stop and product.parent and change.to == product.waits then
        change = stops.until_job_is_over(change)
    end
    local answer, from, account = transition.check(subject, change.to)
    if answer ~= 'applied' then
        return answer, from
    end
    local kind, record, to = kind_of(subject), record_of(subject), change.to
    holdings.learn_duration(account, subject, from, to)
    local ms = call.now - (tonumber(records.get(record, 'moved_at')) or call.now)
    put(record, change.set, {state = to, moved_at = whole(call.now), left = from})
    transition.tell(subject, account, from, to, ms)
    records.forget(record, 'hinted', unpack(change.forget or {}))
    if to == product.made then
        records.set(record, 'made_at', whole(call.now))
    end
    if change.completion then
        permits.complete_request(account, subject, change.completion == 'counted')
    end
    holdings.account_for(account, subject, kind, from, to)
    holdings.write_off(account, subject, kind, from, to)
    holdings.count_identity(account, subject, kind, from, to)
    if product.unresolved and from == product.unresolved and to == product.waits and not unclaimed.is_known(change) then
        permits.leave_behind(account, subject)
    end
    holdings.hold(account, subject, kind, from, to, change.keep_permit)
    if product.unresolved then
        unclaimed.follow_create(account, subject, to, change)
    end
    if to == product.running and (not product.parent or records.get(record, 'photo')) then
        journal.remember_purchase(brief_of(subject))
    end
    if STATES[kind][from].final then
        endings.reopen(subject, to)
    end
    if change.timer then
        local has_begun = from == product.claimed and to == product.running
        local ms = has_begun and looks.first_after(account, product, change.timer) or change.timer
        outbox.set_timer(subject, call.now + ms)
    else
        outbox.clear_timer(subject)
    end
    local event = change.event
    if change.stopped and not product.parent then
        event = stops.event(brief_of(subject), to, change.stopped) -- not before: it tells of what was just recorded
    end
    if event then
        outbox.emit(subject, event[1], event[2])
    end
    if product.parent and (from == 'held' or to == 'held') then
        move_brief(subject, endings.after_hold(subject, to, change.set))
    elseif from == 'held' then
        redis.call('ZREM', KEY.HELD_BRIEFS, brief_of(subject))
    elseif to == 'held' then
        redis.call('ZADD', KEY.HELD_BRIEFS, whole(call.now), brief_of(subject))
    end
    if STATES[kind][to].final then
        if product.parent then
            move_brief(subject, endings.after_promotion(subject))
        else
            endings.finish_brief(brief_of(subject))
        end
    end
    return 'applied', to
end

-- End a record as an operator has asked for, unless a call or a job of it is or may be under way.
function transition.stop(account, subject)
    local kind = kind_of(subject)
    local state = records.get(record_of(subject), 'state')
    local may_have_job = capacity.holds_job(account, subject)
    local is_doubtful = may_have_job and (not permits.is_granted(account, subject) or permits.is_older(account, subject))
    if KINDS[kind].parent and state == KINDS[kind].waits and is_doubtful then
        transition.move(subject, stops.until_job_is_over({}))
        return
    end
    local at_work = STATES[kind][state].permit or (state == 'held' and may_have_job)
    if not at_work and not STATES[kind][state].final then
        local to, why = stops.requested(subject)
        transition.move(subject, stops.ending(to, why, {}))
    end
end

return transition
