-- Messages in workers' hands: one ends with the move that it led to, and its worker takes the next step in that call.
--
-- hand = {worker, queue, digest = SHA-1 of the message's text ('' where its id is nobody else's), takes = true: its
-- thread can run another step}
local hands = {}

local key = base.key

-- Bytes of a step's message that is taken here: those of ours are short.
local LONGEST = 4096

-- Returns whether the message was in the worker's hands.
local function release(hand, id)
    if redis.call('SREM', key('IN_HAND', hand.worker, hand.queue), id) == 0 then
        return false
    end
    local messages = key('MESSAGES', hand.queue)
    if hand.digest == '' or hand.digest == redis.sha1hex(redis.call('HGET', messages, id) or '') then
        redis.call('HDEL', messages, id) -- else another message has its id by now
    end
    return true
end

-- The same of a step that this very call has sent, before it is in any queue.
local function sent_here(worker)
    local id, text, subject = outbox.take_step()
    if id then
        redis.call('SADD', key('IN_HAND', worker, SETTING.steps), id)
        redis.call('ZADD', KEY.WORKERS, call.now, worker)
    end
    return id, text, subject
end

-- The subject of a step's message; nil where it has none that is ours.
local function subject_of(text)
    local is_json, message = pcall(cjson.decode, text)
    local subject = is_json and type(message) == 'table' and type(message.args) == 'table' and message.args[1]
    return type(subject) == 'string' and KINDS[base.kind_of(subject)] and subject or nil
end

-- Returns the id, the text and the subject of the next step. None while briefs wait, or steps would keep them from the threads; and
-- nothing that needs a second look: that is for the broker's `fetch`.
local function next_step(worker)
    if redis.call('EXISTS', key('QUEUE', SETTING.inlet), KEY.DEATHS, key('LATE', SETTING.steps)) > 0 then
        return nil
    end
    local queue = key('QUEUE', SETTING.steps)
    local id = redis.call('LINDEX', queue, 0)
    if not id then
        return sent_here(worker)
    end
    local text = redis.call('HGET', key('MESSAGES', SETTING.steps), id)
    if not text or #text > LONGEST or redis.call('HEXISTS', key('DEAD_LETTER_TEXTS', SETTING.steps), id) == 1
        or redis.call('SADD', key('IN_HAND', worker, SETTING.steps), id) == 0 then
        return nil
    end
    redis.call('LPOP', queue)
    redis.call('ZADD', KEY.WORKERS, call.now, worker) -- it may have been taken for dead since its last sign of life
    return id, text, subject_of(text)
end

-- A record's step has looked: whether there is one is for the step to tell, as something else may stand there.
local function has_looked(subject)
    local record = base.record_of(subject)
    if records.is_known(record) then
        records.forget(record, 'hinted')
        return true
    end
    return (pcall(redis.call, 'HDEL', record, 'hinted'))
end

-- Returns nothing where the message was not in the worker's hands, else what was taken, if anything was: id, text and subject.
local function release_and_take(hand, id)
    if not release(hand, id) then
        return nil
    end
    local taken, text, subject = nil, nil, nil
    if hand.takes then
        taken, text, subject = next_step(hand.worker)
    end
    return {taken, text, subject and has_looked(subject) and subject or ''}
end

-- End a message, and let its worker take the next step. Returns nothing where it was not in the worker's hands: another
-- has it; {} where nothing was taken; else the id, the text, the subject, the fields of its record, and the time.
function hands.end_message(hand, id)
    local is_done, answer = pcall(release_and_take, hand, id)
    -- In any case: the move must be whole, whatever stands in the queue's keys.
    records.write()
    outbox.write_timers()
    outbox.queue_steps()
    if not is_done then
        error(answer, 0)
    end
    if not answer or not answer[1] then
        return answer and {}
    end
    local subject = answer[3]
    local fields = subject ~= '' and records.all(base.record_of(subject)) or {}
    return {answer[1], answer[2], subject, fields, base.whole(call.now)}
end

return hands
