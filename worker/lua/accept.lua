-- accept: put a new brief on record: waiting for permits, preparing to, or failed with its faults.
--
-- id, account, batch (or none), state, set = {field = text}, priority, event = {type, more}
-- Returns moved, or repeat when a brief of this id is on record already.
--
-- Atomic, so that the same brief sent twice, or accepted by two workers at once, is one brief.
local subject = 'brief:' .. A.id
local record = record_of(subject)
if redis.call('EXISTS', record) == 1 then
    return 'repeat'
end

local place = place_of(A.account, A.batch or '', A.priority)
put(record, A.set, {state = A.state, account = A.account, place = place, batch = A.batch,
    accepted_at = whole(NOW), moved_at = whole(NOW)})
if A.batch then
    redis.call('ZADD', key('BATCH', A.batch), whole(NOW), A.id)
    join_batch(A.batch)
end
emit(subject, A.event[1], A.event[2])
if A.state == 'failed' then
    finish_brief(A.id)
    return 'moved'
end
redis.call('ZADD', KEY.OPEN, whole(NOW), A.id)
if A.state == 'waiting' then
    redis.call('ZADD', key('WAITING', A.account, 'create'), place, subject)
    admit(A.account)
else
    set_timer(subject, NOW + SETTING.again_ms)
    send_step(record, STATES.brief[A.state].actor, subject)
end
return 'moved'
