-- advance: move a record to a state, with all that belongs to the move.
--
--   subject, to   the record, and its new state
--   set, forget   {field = text} and {field, ...} of the record
--   event         {type, more}
--   timer         ms from now
--   completion    how the request has ended: 'counted' or 'never left' (or none)
--   journal       the rest of a JSON object
--   jobs          {ids of remote jobs that are now this record's}
--   pause         {what = 'pause' | 'create' | 'promote', ms, reason, status = of the API's answer (or none),
--                 most = ms (or none)}
--   throttle      {kind = 'jobs' | 'rate' | 'slots' | 'unclear', ms = what Retry-After said (or none), reason}
--   from          {states} in one of which the record must be (or none)
--   when          {field = text} that must still hold ('' is a field that is not there): another run may have
--                 taken over
--   paid          true: this ends a paid call, and is written to the journal in any case
--   keep_permit   true: the job permit stays. A held record keeps it until job_over hands it on, and a promotion
--                 that is to be made again keeps it because it may have arrived
--   unowned       true: do nothing if one of the jobs is another record's
--   observed      how often unclaimed jobs had been seen when this was decided (or none)
--   promotions    {{field = text}, ...}: the choice of a brief that goes to `choosing`. They are planned before the
--                 permit of its job is handed on, since promotions come before creations
--   claim         a name of this very claim of a paid call (or none). If it is asked for again, it is granted and
--                 written again
--   claimant      who claims it (worker/ledger/lua/lib/accounts/history.lua; or none)
--   hand          the message that led here, which ends with this call (worker/ledger/lua/lib/hands.lua; or none)
--   ...           the id of that message
-- Returns applied, duplicate or conflict. It is a duplicate if the record is in that state already, or the end of this
-- paid call is on record. It is a conflict if the table of states does not allow the move, the record lacks the grant
-- that the move needs, a field is not as given, a job is another record's, or more has been seen since. With a hand,
-- applied comes as {applied, what came of the message}.
--
-- Atomic: a crash leaves either the old state and the message, or the new state with event, timer and freed permits.
local record = base.record_of(A.subject)
local account, granted_at = records.many(record, 'account', 'granted_at')
local function is_taken()
    for _, job in ipairs(A.unowned and account and A.jobs or {}) do
        if (redis.call('GET', base.key('JOB', account, job)) or A.subject) ~= A.subject then
            return true
        end
    end
    return false
end

local function is_where_it_was()
    local state = records.get(record, 'state')
    for _, from in ipairs(A.from or {state}) do
        if state == from then
            return true
        end
    end
    return state == A.to
end

local is_claimed = A.claim and records.get(record, 'claim') == A.claim
local answer = 'conflict'
if A.claim and account and not is_claimed and not history.allows(account, A.subject, A.claimant) then
    return answer
end
if is_where_it_was() and base.unchanged(record, A.when) and not is_taken() and unclaimed.has_seen_only(account, A.observed) then
    answer = transition.move(A.subject, A)
end

-- Whether this very call was recorded before and its answer was lost: the same attempt with the same facts, or
-- with a job that is this record's, which may have moved on by now.
local function is_on_record()
    if not account or not base.unchanged(record, A.when) then
        return false
    end
    local job = A.jobs and redis.call('GET', base.key('JOB', account, A.jobs[1]))
    return job == A.subject or (answer == 'duplicate' and base.unchanged(record, A.set))
end

if answer ~= 'applied' then
    if is_claimed then
        claims.write_again(record)
        return 'applied'
    elseif A.paid and is_on_record() then
        return 'duplicate'
    elseif A.paid then
        journal.write(base.brief_of(A.subject), '"late":true,' .. A.journal)
        if A.to == base.product_of(A.subject).running and account then
            journal.remember_purchase(base.brief_of(A.subject))
        end
    end
    return answer
end
if A.claim then
    records.set(record, 'claim', A.claim)
end
granted_at = tonumber(granted_at) or 0
if A.journal then
    journal.write(base.brief_of(A.subject), A.journal)
end
jobs.know(account, A.jobs or {}, A.subject)
-- Not where an operator had asked for its end, which came instead.
if A.promotions and records.get(record, 'state') == 'choosing' then
    choice.plan(A.subject, A.promotions)
end
local product = base.product_of(A.subject)
if A.pause then
    backoff.pause(account, A.pause.what, A.pause.ms, A.pause.reason, A.pause.status, granted_at, A.pause.most)
elseif A.throttle then
    backoff.throttle(account, product.endpoint, A.throttle.kind, A.throttle.ms, A.throttle.reason, granted_at)
elseif A.completion == 'counted' and A.to ~= product.waits and A.to ~= product.unresolved then
    -- Not for one whose outcome is unknown: no answer is no proof that the account may go on.
    backoff.came_through(account, product.endpoint, granted_at)
end
if A.to ~= product.claimed then -- whose call is to be made has freed nothing
    admission.admit(account)
end
if A.hand then
    return {answer, hands.end_message(A.hand, ...)}
end
return answer
