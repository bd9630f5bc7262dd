-- advance: move a record to a state, with all that belongs to the move.
--
-- subject, to, set = {field = text}, forget = {field, ...}, event = {type, more}, timer = ms from now, settle = 'counted' | 'never left',
-- journal = the rest of a JSON object, jobs = {ids of remote jobs that are now this record's},
-- pause = {what = 'pause' | 'create' | 'promote', ms, reason},
-- throttle = {kind = 'jobs' | 'rate' | 'slots' | 'unclear', ms = what Retry-After said (or none), reason}
-- when = {field = text} that must still hold ('' is a field that is not there): another run may have taken over,
-- paid = true: the end of a paid call, journalled in any case
-- Returns moved; repeat when it is in that state already; elsewhere when the table does not allow the move,
-- when it needs a grant that the record does not have, or when a field is not as given.
--
-- Atomic: a crash leaves either the old state or the new one with its event, timer and freed permits.
local record = record_of(A.subject)
local answer = unchanged(record, A.when) and move(A.subject, A) or 'elsewhere'
if answer ~= 'moved' then
    -- A repeat of the same facts is this very call, whose answer was lost; anything else was paid as well.
    if A.paid and not (answer == 'repeat' and unchanged(record, A.set)) then
        journal(brief_of(A.subject), '"late":true,' .. A.journal)
    end
    return answer
end
local account, granted_at = unpack(redis.call('HMGET', record_of(A.subject), 'account', 'granted_at'))
granted_at = tonumber(granted_at) or 0
if A.journal then
    journal(brief_of(A.subject), A.journal)
end
for _, job in ipairs(A.jobs or {}) do
    know_job(account, job, A.subject)
end
local waits = WAITS[kind_of(A.subject)]
if A.pause then
    pause(account, A.pause.what, A.pause.ms, A.pause.reason, granted_at)
elseif A.throttle then
    throttle(account, waits.endpoint, A.throttle.kind, A.throttle.ms, A.throttle.reason, granted_at)
elseif A.settle == 'counted' and A.to ~= waits.state and A.to ~= 'uncertain' then
    -- Not for one whose outcome is unknown: no answer is no proof that the account may go on.
    came_through(account, waits.endpoint, granted_at)
end
admit(account)
return answer
