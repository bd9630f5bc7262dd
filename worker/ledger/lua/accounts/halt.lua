-- halt: pause an account or a batch for a person, or let it go on.
--
--   account  (or none)
--   batch    (or none)
--   text     who, when, why, as JSON ('' lets it go on)
--   order    the order that this is part of (or none)
-- Returns the text that was on record, '' for none.
--
-- Atomic: whatever waits is granted before the pause is on record or not at all, and whatever was kept back may start
-- in the call that lifts the pause.
local before = halts.on_record(A.account, A.batch)
if A.order and not orders.take(A.order, A.batch) then
    return before or ''
end
if A.batch then
    local record = base.key('BUDGET', A.batch)
    if A.text ~= '' then
        redis.call('HSET', record, 'halted', A.text)
        batches.let_end(A.batch) -- should no brief of it come, nothing else would end it
    else
        redis.call('HDEL', record, 'halted')
        budget.unpark('', A.batch)
    end
else
    local record = accounts.record(A.account)
    if A.text ~= '' then
        records.set(record, 'halted', A.text)
        for _, endpoint in ipairs(ENDPOINTS) do
            if halts.stop_endpoint(A.account, endpoint) then
                permits.noted(endpoint, 'person')
            end
        end
        stages.note_waiting(A.account)
    else
        records.forget(record, 'halted')
        admission.admit(A.account)
    end
end
return before or ''
