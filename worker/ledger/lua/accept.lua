-- accept: decide what becomes of a brief that arrives, and put a new one on record: waiting for permits, preparing
-- to, or failed with its faults.
--
-- id, account, batch (or none), priority, state, set = {field = text}, event = {type, more}, asked: an arrival
-- (lib/6_arrivals.lua)
-- letter = true: a message brings it, whose id in Redis is ARGV[3]
-- Returns {outcome, state of the brief that was on record or '', what is remembered of the same content having been
-- bought or '', the paths in which it differs from that brief ...}; the outcome is accepted, same, replaced or conflict.
--
-- Atomic, so that the same brief sent twice, or accepted by two workers at once, is one brief; and of two different
-- ones of an id the second is told of, or takes the place of the first, whole.
local outcome, state, paths = outcome_of(A)
if outcome == 'same' then
    return {outcome, state, ''}
elseif outcome == 'conflict' then
    tell_conflict(A, A.letter and ARGV[3], state, paths)
    return {outcome, state, '', unpack(paths)}
end

local subject = 'brief:' .. A.id
local record = record_of(subject)
local own = outcome == 'replaced' and make_way(A.id) or {}
local bought = bought_before(A.set.content)
if A.letter then
    redis.call('HDEL', KEY.LETTERS, ARGV[3]) -- there was a conflict, and is none any more
end

own.state, own.account, own.batch, own.priority = A.state, A.account, A.batch, A.priority
own.place = place_of(A.account, A.batch or '', A.priority)
own.accepted_at, own.moved_at = whole(NOW), whole(NOW)
own.bought_before = bought or nil
put(record, A.set, own)
if A.batch then
    redis.call('ZADD', key('BATCH', A.batch), whole(NOW), A.id)
    join_batch(A.batch)
end
local more = {A.event[2] ~= '' and A.event[2] or nil}
if bought then
    more[#more + 1] = '"bought_before":' .. bought
end
if outcome == 'replaced' then
    more[#more + 1] = '"replaces":"' .. state .. '"'
end
emit(subject, A.event[1], table.concat(more, ','))
if A.state == 'failed' then
    finish_brief(A.id)
else
    redis.call('ZADD', KEY.OPEN, whole(NOW), A.id)
    if A.state == 'waiting' then
        redis.call('ZADD', key('WAITING', A.account, 'create'), own.place, subject)
        admit(A.account)
    else
        set_timer(subject, NOW + SETTING.again_ms)
        send_step(record, STATES.brief[A.state].actor, subject)
    end
end
return {outcome, state, bought or '', unpack(paths)}
