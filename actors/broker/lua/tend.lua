-- tend: say that a worker is alive, put back what dead workers had in hand, queue what has come or is due, forget old
-- dead letters.
--
-- worker
-- Returns the number of messages put back, and id, reason, id, reason, ... of what was made a dead letter.
--
-- Atomic, so that two tenders never queue the same message twice. It stands in for Dramatiq's own
-- maintenance, which runs by chance, scans the whole key space, and reads the workers' clocks: here the
-- sign of life is written with the server's time, and the keys are named, not searched.
base.sign_in(A.worker)

-- One more worker has died with a message in hand, or with two about the same thing; returns all their deaths.
local function one_more_death(topic, worker)
    local known = redis.call('HGET', KEY.DEATHS, topic)
    local deaths = known and cjson.decode(known) or {}
    if #deaths > 0 and deaths[#deaths].worker == worker then
        return deaths
    end
    deaths[#deaths + 1] = {at = call.now, worker = worker}
    redis.call('HSET', KEY.DEATHS, topic, cjson.encode(deaths))
    redis.call('PEXPIRE', KEY.DEATHS, SETTING.deaths_kept)
    return deaths
end

local back = 0
local function put_back(worker)
    for _, queue in ipairs(SETTING.queues) do
        local held = base.hands_of(worker, queue)
        for _, id in ipairs(redis.call('SMEMBERS', held)) do
            local text = redis.call('HGET', base.key('MESSAGES', queue), id)
            local deaths = text and one_more_death(base.topic_of(queue, id, text), worker)
            if text and not dead_letters.add_deadly(queue, id, text, deaths) then
                redis.call('LPUSH', base.key('QUEUE', queue), id)
                back = back + 1
            end
        end
        redis.call('DEL', held)
    end
    redis.call('ZREM', KEY.WORKERS, worker)
    redis.call('ZREM', KEY.HEARTBEATS, worker)
end

for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEY.WORKERS, '-inf', call.now - SETTING.dead_after)) do
    put_back(worker)
end

-- Programs that only enqueue leave a heartbeat too, written by their own clock.
local function look_for_dead_programs()
    local silent_since = call.now - SETTING.heartbeat_dead_after
    for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEY.HEARTBEATS, '-inf', silent_since, 'LIMIT', 0, 100)) do
        if not redis.call('ZSCORE', KEY.WORKERS, worker) then
            put_back(worker)
        end
    end
end

-- Those of the inlet are on record nowhere else. Of those of steps nobody needs many: a brief is held by its own.
local function forget_old_dead_letters(old)
    local kept_since = call.now - SETTING.dead_letters_kept_ms
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', old, '-inf', kept_since, 'LIMIT', 0, 100)) do
        dead_letters.forget(SETTING.steps, id)
    end
    local too_many = math.min(100, redis.call('ZCARD', old) - SETTING.most_dead_letters)
    for _, id in ipairs(too_many > 0 and redis.call('ZRANGE', old, 0, too_many - 1) or {}) do
        dead_letters.forget(SETTING.steps, id)
    end
end

-- All of this is rare, and each part of it has a key that is there if there is anything to do: one question for all.
local old, delayed = base.key('DEAD_LETTERS', SETTING.steps), base.key('QUEUE', SETTING.inlet) .. '.DQ'
local late = {}
for n, queue in ipairs(SETTING.queues) do
    late[n] = base.key('LATE', queue)
end
if redis.call('EXISTS', KEY.HEARTBEATS, KEY.DELAYED, KEY.DEAD_LETTERS_BEYOND, old, delayed, unpack(late)) > 0 then
    look_for_dead_programs()
    for _, queue in ipairs(SETTING.queues) do
        entries.look_for_late(queue)
    end
    entries.take_delayed()
    entries.queue_what_is_due()
    entries.look_beyond()
    forget_old_dead_letters(old)
end
return {back, dead_letters.made()}
