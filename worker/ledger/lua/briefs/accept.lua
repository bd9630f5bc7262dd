-- accept: decide what becomes of a brief that arrives, and put a new one on record.
--
-- A new brief waits for permits, or prepares to, or has failed with its faults. The arguments are an arrival
-- (worker/ledger/lua/lib/briefs/arrivals.lua) and these:
--   id, account, batch (or none), priority, state, set, event, request_digest   as in every arrival
--   promotions  {{field = text}, ...}: of a brief in the state `choosing` that needs no drafts (or none)
--   hand        the message that brings it; it ends with this call, except in a conflict
--               (worker/ledger/lua/lib/hands.lua; or none)
--   ...         the id in Redis of that message (or none)
-- Returns {outcome, state of the brief that was on record or '', what is remembered of the same content having been
-- bought or '', the paths in which it differs from that brief ...}; the outcome is accepted, same, replaced or
-- conflict. With a hand it returns {that list, what came of the message}.
--
-- Atomic: the same brief, sent twice or accepted by two workers at once, is one brief. Of two different briefs with
-- one id, the second is either told of or takes the whole place of the first.
local redis_id = ...
local outcome, state, paths = arrivals.outcome_of(A)
local function answer(bought)
    local told = {outcome, state, bought, unpack(paths)}
    return A.hand and {told, outcome ~= 'conflict' and hands.end_message(A.hand, redis_id) or nil} or told
end
if outcome == 'same' then
    return answer('')
elseif outcome == 'conflict' then
    arrivals.tell_conflict(A, redis_id, state, paths)
    return answer('')
end

local subject = base.brief_subject(A.id)
local record = base.record_of(subject)
if redis.call('HEXISTS', KEY.FINISHED_AS, A.id) == 1 and outcome == 'accepted' then
    counts.forget(A.id) -- one of this id may have been, whose record has ended
end
local own = outcome == 'replaced' and arrivals.make_way(A.id) or {}
local bought = journal.bought_before(A.set.content)
if redis_id then
    redis.call('HDEL', KEY.DEAD_LETTER_REASONS, redis_id) -- there was a conflict, and is none any more
end

own.state, own.account, own.batch, own.priority = A.state, A.account, A.batch, A.priority
own.place = fair.score_of(A.account, A.batch or '', A.priority)
own.accepted_at, own.moved_at = base.whole(call.now), base.whole(call.now)
own.bought_before = bought or nil
base.put(record, A.set, own)
transition.tell(subject, A.account, nil, A.state, 0)
if A.batch then
    redis.call('ZADD', base.key('BATCH', A.batch), base.whole(call.now), A.id)
    batches.join(A.batch)
end
local more = {A.event[2] ~= '' and A.event[2] or nil}
if bought then
    more[#more + 1] = '"bought_before":' .. bought
end
if outcome == 'replaced' then
    more[#more + 1] = '"replaces":"' .. state .. '"'
end
outbox.emit(subject, A.event[1], table.concat(more, ','))
if A.state == 'failed' then
    endings.finish_brief(A.id)
else
    redis.call('ZADD', KEY.UNFINISHED, base.whole(call.now), A.id)
    local kind = base.kind_of(subject)
    if A.promotions then
        choice.plan(subject, A.promotions)
        admission.admit(A.account)
    elseif A.state == KINDS[kind].waits then
        redis.call('ZADD', base.key('WAITING', A.account, KINDS[kind].endpoint), own.place, subject)
        admission.admit(A.account)
    else
        outbox.set_timer(subject, call.now + SETTING.again_ms)
        outbox.send_step(record, STATES[kind][A.state].actor, subject)
    end
end
return answer(bought or '')
