-- tend: say that a worker is alive, put back what dead workers had in hand, forget old dead letters.
--
-- KEYS[1] identity:workers   KEYS[2] dramatiq:__heartbeats__
-- ARGV[1] Dramatiq's namespace   ARGV[2] this worker's broker id ('' only looks)
-- ARGV[3] milliseconds without a sign of life after which a worker is dead
-- ARGV[4] milliseconds that a dead letter is kept   ARGV[5...] queues; only the last one's dead letters are
-- forgotten: those of the inlet before it are on record nowhere else
-- Returns the number of messages put back.
--
-- Atomic, so that two tenders never put the same message back twice. It stands in for Dramatiq's own
-- maintenance, which runs by chance, scans the whole key space, and reads the workers' clocks: here the
-- sign of life is written with the server's time, and the keys are named, not searched.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if ARGV[2] ~= '' then
    redis.call('ZADD', KEYS[1], now, ARGV[2])
end

local back = 0
local function put_back(worker)
    for q = 5, #ARGV do
        local queue = ARGV[1] .. ':' .. ARGV[q]
        local held = ARGV[1] .. ':__acks__.' .. worker .. '.' .. ARGV[q]
        for _, id in ipairs(redis.call('SMEMBERS', held)) do
            if redis.call('HEXISTS', queue .. '.msgs', id) == 1 then
                redis.call('LPUSH', queue, id)
                back = back + 1
            end
        end
        redis.call('DEL', held)
    end
    redis.call('ZREM', KEYS[1], worker)
    redis.call('ZREM', KEYS[2], worker)
end

for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])) do
    put_back(worker)
end
-- Programs that only enqueue leave a heartbeat too, written by their own clock; a minute is beyond doubt.
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - 60000, 'LIMIT', 0, 100)) do
    if not redis.call('ZSCORE', KEYS[1], worker) then
        put_back(worker)
    end
end

local letters = ARGV[1] .. ':' .. ARGV[#ARGV] .. '.XQ'
for _, id in ipairs(redis.call('ZRANGEBYSCORE', letters, '-inf', now - ARGV[4], 'LIMIT', 0, 100)) do
    redis.call('ZREM', letters, id)
    redis.call('HDEL', letters .. '.msgs', id)
end
return back
