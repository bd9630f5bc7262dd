-- note: change a record that stays in its state: what a step of several calls has begun or done.
--
--   subject, state  the record, and the state in which it must be
--   when            {field = text} that must still hold ('' is a field that is not there)
--   set, forget     {field = text} and {field, ...} of the record
--   timer           ms from now
--   journal         the rest of a JSON object
--   event           {type, more}
--   pause           {what, ms, reason, status, most}, as for `advance`
--   again           true: the step is sent at once
--   idle            true: no step follows, and the timer is removed
--   paid            true: this ends a paid call, and is written to the journal in any case
--   claim           a name of this very claim of a paid call (or none). If it is asked for again, it is granted and
--                   written again
--   claimant        who claims it (worker/ledger/lua/lib/accounts/history.lua; or none)
--   calls           true: a call of the API follows, so it must wait while the account pauses
--   reserve         credits that this call may cost, for which the budgets of its batch and account need room (or none)
--   over            the error of the record if they have no room
--   spend           credits that a paid call has cost (or none)
-- Returns applied or conflict. It is a conflict if the record has left the state or a field is not as given. It is one
-- too if the account pauses or a budget has no room: then the timer is set to the end of the pause, or to look again.
--
-- Atomic: of two runs of a step one goes on, and what it has done is recorded once.
local record = base.record_of(A.subject)
local state, account, batch, began_at, doing = records.many(record, 'state', 'account', 'batch', 'noted_at', 'doing')
began_at = tonumber(began_at) or 0
if state ~= A.state or not base.unchanged(record, A.when) then
    if A.claim and records.get(record, 'claim') == A.claim then
        claims.write_again(record)
        return 'applied'
    end
    -- If all fields are as this call would set them, it was made before, and its answer was lost.
    if A.paid and not base.unchanged(record, A.set) then
        journal.write(base.brief_of(A.subject), '"late":true,' .. A.journal)
    end
    return 'conflict'
end
if A.calls then
    local prepare = tonumber(records.get(base.record_of('account:' .. account), 'prepare_until')) or 0
    local paused = math.max(prepare, accounts.limits_of(account).pause.create)
    if paused > call.now then
        outbox.set_timer(A.subject, paused)
        backoff.sleep_on_pause(account, A.subject)
        return 'conflict'
    end
    if A.reserve and not budget.has_room(account, A.subject, batch, A.reserve) then
        records.set(record, 'error', A.over)
        outbox.set_timer(A.subject, call.now + SETTING.pause_most_ms)
        backoff.sleep_on_pause(account, A.subject)
        return 'conflict'
    end
    if A.claim and not history.allows(account, A.subject, A.claimant) then
        outbox.set_timer(A.subject, call.now + SETTING.again_ms)
        backoff.sleep_on_pause(account, A.subject)
        return 'conflict'
    end
    backoff.wake_from_pause(account, A.subject)
end

base.put(record, A.set, {noted_at = base.whole(call.now), claim = A.claim})
if A.forget then
    records.forget(record, unpack(A.forget))
end
if A.journal then
    journal.write(base.brief_of(A.subject), A.journal)
end
if A.reserve then
    budget.reserve(account, A.subject, batch, A.reserve)
elseif A.paid then
    budget.spend(account, batch, A.spend, 'extract')
    budget.release(account, A.subject)
    admission.admit(account)
end
if A.pause then
    backoff.pause(account, A.pause.what, A.pause.ms, A.pause.reason, A.pause.status, began_at, A.pause.most)
    if state == 'preparing' then
        backoff.sleep_on_pause(account, A.subject) -- what runs is looked at all the same
    end
    admission.admit(account) -- what it takes back from creates may serve promotions
end
if A.timer then
    outbox.set_timer(A.subject, call.now + A.timer)
end
if A.idle then
    outbox.clear_timer(A.subject)
end
if A.event then
    outbox.emit(A.subject, A.event[1], A.event[2])
end
if A.again then
    if doing then -- otherwise it was only woken: no call of its own was answered
        backoff.came_through(account, 'prepare', began_at)
    end
    outbox.send_step(record, STATES[base.kind_of(A.subject)][state].actor, A.subject)
end
return 'applied'
