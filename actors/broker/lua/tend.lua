-- tend: say that a worker is alive, put back what dead workers had in hand, queue what has come or is due, forget old
-- dead letters.
--
-- heartbeats (a key), dead_after = ms without a sign of life after which a worker is dead,
-- letters_kept = ms that a dead letter of a step is kept: those of the inlet are on record nowhere else,
-- most_deaths = how many workers may die with a message in hand, deaths_kept = ms that this is remembered,
-- patience = ms in which the message of an id that is queued must come, longest_delay = ms
-- Returns the number of messages put back, and id, reason, id, reason, ... of what was made a dead letter.
--
-- Atomic, so that two tenders never queue the same message twice. It stands in for Dramatiq's own
-- maintenance, which runs by chance, scans the whole key space, and reads the workers' clocks: here the
-- sign of life is written with the server's time, and the keys are named, not searched.
sign_in()

-- One more worker has died with a message in hand; returns all their deaths.
local function one_more_death(topic, worker)
    local known = redis.call('HGET', A.deaths, topic)
    local deaths = known and cjson.decode(known) or {}
    deaths[#deaths + 1] = {at = NOW, worker = worker}
    redis.call('HSET', A.deaths, topic, cjson.encode(deaths))
    redis.call('PEXPIRE', A.deaths, A.deaths_kept)
    return deaths
end

local back = 0
local function put_back(worker)
    for _, queue in ipairs(A.queues) do
        local held = hands_of(worker, queue)
        for _, id in ipairs(redis.call('SMEMBERS', held)) do
            local text = redis.call('HGET', queue_key(queue) .. '.msgs', id)
            local deaths = text and one_more_death(topic_of(queue, id, text), worker)
            if text and #deaths >= A.most_deaths then
                redis.call('HDEL', queue_key(queue) .. '.msgs', id)
                bury(queue, id, text, {at = NOW, error = #deaths .. ' workers died while it ran', deaths = deaths})
            elseif text then
                redis.call('LPUSH', queue_key(queue), id)
                back = back + 1
            end
        end
        redis.call('DEL', held)
    end
    redis.call('ZREM', A.workers, worker)
    redis.call('ZREM', A.heartbeats, worker)
end

for _, worker in ipairs(redis.call('ZRANGEBYSCORE', A.workers, '-inf', NOW - A.dead_after)) do
    put_back(worker)
end
-- Programs that only enqueue leave a heartbeat too, written by their own clock; a minute is beyond doubt.
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', A.heartbeats, '-inf', NOW - 60000, 'LIMIT', 0, 100)) do
    if not redis.call('ZSCORE', A.workers, worker) then
        put_back(worker)
    end
end

for _, queue in ipairs(A.queues) do
    look_for_late(queue, A.patience)
end
take_delayed(A.longest_delay)
queue_what_is_due()
look_beyond()

-- Those of the inlet are on record nowhere else. Of those of steps nobody needs many: a brief is held by its own.
local old = queue_key(A.steps) .. '.XQ'
for _, id in ipairs(redis.call('ZRANGEBYSCORE', old, '-inf', NOW - A.letters_kept, 'LIMIT', 0, 100)) do
    forget(A.steps, id)
end
local too_many = math.min(100, redis.call('ZCARD', old) - A.most_letters)
for _, id in ipairs(too_many > 0 and redis.call('ZRANGE', old, 0, too_many - 1) or {}) do
    forget(A.steps, id)
end
return {back, BURIED}
