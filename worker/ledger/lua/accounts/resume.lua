-- resume: lift every pause of an account, and trust its own limits of jobs and slots again.
--
--   account
--   by       who lifts them
-- Returns what was lifted as {name, reason, name, reason, ...}: pauses that were still on, `working` and `slots`.
--
-- Atomic: lifted, written down who did it, and acted upon.
local record = accounts.record(A.account)
local lifted = {}
for _, what in ipairs(PAUSES) do
    local till, reason = records.many(record, what .. '_until', what .. '_reason')
    if (tonumber(till) or 0) > call.now then
        lifted[#lifted + 1] = what
        lifted[#lifted + 1] = reason
    end
    backoff.lift(A.account, what)
end
local working = records.get(record, 'working')
if working then
    lifted[#lifted + 1] = 'working'
    lifted[#lifted + 1] = working
end
records.forget(record, 'working', 'working_until')
local seen = records.get(record, 'slots_seen')
if seen then
    accounts.lift_slots_seen(A.account)
    lifted[#lifted + 1] = 'slots'
    lifted[#lifted + 1] = seen
end
if #lifted > 0 then
    accounts.log_change(A.account, {at = call.now, by = A.by, resumed = true})
end

backoff.wake_preparing(A.account)
admission.admit(A.account)
return lifted
