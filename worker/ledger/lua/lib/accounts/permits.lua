-- The permits of an account: who may start now. All limits are decided together, so that nobody holds one
-- while waiting for another (that deadlocks), and nothing is taken that a crash could leak.
--
--   job permits   PERMITS     one for each remote job, from before its POST until the API is done with it
--   windows       WINDOW      requests of a paid endpoint, a set for each of its windows; one under way has no end yet
--                             (+inf), one answered ends a window after its answer arrived: never earlier than on
--                             the server
--   slots         SLOTS       reserved by briefs and promotions; IDENTITIES are in the library already
--   budgets       BATCH_RESERVATIONS, RESERVATIONS  credits that briefs on their way will still cost: of a batch, of the account
local permits = {}

local key, record_of, kind_of, whole = base.key, base.record_of, base.kind_of, base.whole

-- Subjects that one call parks at most: of a batch of thousands the next calls park the rest.
local MOST_PARKED = 200

function permits.is_granted(account, subject)
    return redis.call('ZSCORE', key('WINDOW', account, base.product_of(subject).endpoint), subject)
end

-- Count an answered request in each window of its endpoint, from now on; but not in a long window without a limit,
-- which would grow for ever.
local function count_request(account, endpoint, request)
    for _, window in ipairs(LIMITS.windows[endpoint]) do
        if window.name == endpoint or accounts.number_of(account, window) > 0 then
            local requests = key('WINDOW', account, window.name)
            -- Rounded up here and down where it is compared: else a window could be a part of a ms too short.
            redis.call('ZADD', requests, whole(call.now_at_most + window.ms), request)
            if window.name ~= endpoint then
                redis.call('PEXPIRE', requests, window.ms + SETTING.early_ms)
            end
        end
    end
end

-- Note that a request of a paid endpoint has ended. If it is `counted`, it fills the windows from now on; if not, it
-- never left.
function permits.complete_request(account, subject, counted)
    local endpoint = base.product_of(subject).endpoint
    local requests = key('WINDOW', account, endpoint)
    if redis.call('ZREM', requests, subject) == 1 and counted then
        -- A name that no other request has, neither of this subject nor of one that has replaced it.
        local grants = records.get(record_of(subject), 'grants') or 0
        count_request(account, endpoint, subject .. '/' .. grants .. '/' .. whole(call.now))
    end
    -- Not while one is under way: with its entry it would lose its grant, and nobody would grant it again.
    local first = LIMITS.windows[endpoint][1]
    if first and capacity.under_way(account, endpoint) == 0 then
        redis.call('PEXPIRE', requests, first.ms + SETTING.early_ms)
    end
end

-- Whether a subject holds its job permit since before its newest grant, for an earlier attempt that may have arrived.
function permits.is_older(account, subject)
    local since = capacity.holds_job(account, subject)
    return since and tonumber(since) < (tonumber(records.get(record_of(subject), 'granted_at')) or 0)
end

-- Take back each grant of an endpoint whose request has not begun: the record waits again, in its old place. Its step
-- may be queued for a while yet, and would send its request during the pause.
function permits.withdraw(account, endpoint)
    for _, subject in ipairs(redis.call('ZRANGEBYSCORE', key('WINDOW', account, endpoint), '+inf', '+inf')) do
        local kind = kind_of(subject)
        local state, score = records.many(record_of(subject), 'state', 'place')
        if state == KINDS[kind].waits then
            permits.complete_request(account, subject, false)
            if permits.is_older(account, subject) then
                score = '-inf'
            else
                redis.call('ZREM', key('PERMITS', account), subject)
            end
            outbox.clear_timer(subject)
            if not STATES[kind][state].slots then
                redis.call('HDEL', key('SLOTS', account), subject)
                budget.release(account, subject)
            end
            redis.call('ZADD', key('WAITING', account, endpoint), score, subject)
        end
    end
end

-- A create of which nobody knows whether it arrived is made again at a person's word: the job that the first call may
-- have made keeps a permit of its own, under a name without a record. It goes as an orphan's does, when it must be over.
function permits.leave_behind(account, subject)
    local attempt = base.attempt_of(subject)
    local began_at = tonumber(redis.call('ZSCORE', key('UNRESOLVED', account), attempt)) or call.now
    redis.call('ZADD', key('PERMITS', account), whole(began_at), attempt)
    outbox.set_timer(attempt, began_at + SETTING.past_ms + 1)
end

-- Note that an endpoint has just been paused, by the API ('pause') or by a person, for `stages` to keep of those that wait.
function permits.noted(endpoint, what)
    call.paused = call.paused or {}
    call.paused[endpoint] = what
end

-- Note for `stages` what keeps the first of an endpoint from starting (as `lacking` calls it; '' for one of several).
-- Returns nil and when to look again.
local function wanting(account, endpoint, what, later)
    call.wanting = call.wanting or {}
    call.wanting[account .. ' ' .. endpoint] = what
    return nil, later
end

-- Returns the subject that may start at an endpoint, nil, and its batch; if none may, nil and when to look again. The
-- fourth result is an orphan in its way, a subject without a record. `limits_now` returns the account's limits, and is
-- called only where a subject waits.
local function next_to_start(account, endpoint, limits_now)
    local first = redis.call('ZRANGE', key('WAITING', account, endpoint), 0, 0, 'WITHSCORES')
    if not first[1] then
        return nil
    elseif halts.stop_endpoint(account, endpoint) then
        return wanting(account, endpoint, 'person')
    end
    local limits = limits_now()
    if limits.pause[endpoint] > call.now then
        if limits.full[endpoint] then
            outbox.set_timer_sooner('library:' .. account, call.now + SETTING.recount_ms)
        end
        return wanting(account, endpoint, 'pause', limits.pause[endpoint])
    end
    local room, later, full = capacity.window_has_room(account, endpoint, limits)
    if not room then
        return wanting(account, endpoint, full and 'request' or 'probe', later)
    end
    local subject = first[1]
    if not capacity.holds_job(account, subject) then
        room, later = capacity.jobs_have_room(account, endpoint, tonumber(first[2]), limits)
        if not room then
            return wanting(account, endpoint, 'job', later)
        end
        subject, later = capacity.first_that_fits(account, endpoint, subject, limits)
        if not subject then
            return wanting(account, endpoint, '', later)
        end
    end
    local state, batch = records.many(record_of(subject), 'state', 'batch')
    if not state then
        return nil, nil, nil, subject
    end
    local is_halted = halts.stop_batch(subject, batch)
    if is_halted or not budget.fits(account, subject, batch) then
        budget.park(account, endpoint, subject, batch)
        call.held_back = call.held_back or {}
        call.held_back[subject] = is_halted and 'person' or 'budget'
        call.parked = (call.parked or 0) + 1
        if call.parked >= MOST_PARKED then
            return nil, call.now
        end
        return next_to_start(account, endpoint, limits_now)
    end
    return subject, nil, batch
end

-- Grant a subject its permits. The grant, its timer and its message are one call: a crash right after loses nothing.
local function grant(account, endpoint, subject, batch)
    local record = record_of(subject)
    local kind = kind_of(subject)
    fair.started(account, tonumber(records.get(record, 'place')))
    redis.call('ZREM', key('WAITING', account, endpoint), subject)
    local window = key('WINDOW', account, endpoint)
    redis.call('ZADD', window, '+inf', subject)
    redis.call('PERSIST', window)
    if KINDS[kind].counts then
        redis.call('ZADD', key('PERMITS', account), 'NX', whole(call.now), subject)
    end
    if KINDS[kind].slots then
        redis.call('HSETNX', key('SLOTS', account), subject, records.get(record, 'need') or 1)
    end
    budget.reserve(account, subject, batch, budget.cost_of(account, subject))
    if batch then
        budget.unpark(account, batch)
    end
    call.granted = call.granted or {}
    call.granted[subject] = true
    records.add(record, 'grants', 1)
    records.set(record, 'granted_at', whole(call.now))
    outbox.set_timer(subject, call.now + SETTING.grant_ms)
    outbox.send_step(record, STATES[kind][KINDS[kind].waits].actor, subject)
end

-- Start all that may start now, promotions before creations: what is paid for is finished first. Returns an orphan that
-- was in the way; then the caller forgets it and begins again.
function permits.start(account)
    local later, limits
    local function limits_now()
        limits = limits or accounts.limits_of(account)
        return limits
    end
    for _, endpoint in ipairs(ENDPOINTS) do
        local subject, look, batch, orphan = next_to_start(account, endpoint, limits_now)
        while subject do
            grant(account, endpoint, subject, batch)
            subject, look, batch, orphan = next_to_start(account, endpoint, limits_now)
        end
        if orphan then
            return orphan
        end
        if look and (not later or look < later) then
            later = look
        end
    end
    if later then
        outbox.set_timer('account:' .. account, later)
    end
end

return permits
