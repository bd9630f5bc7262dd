-- survey: find messages that are neither in a queue's list, nor in a worker's hands, nor put off.
--
--   queue
--   workers  {id, ...} of those who may still have something in hand
-- Returns how many there are, and the ids of at most 10; -1 where there are too many to compare.
--
-- One call, as a message that moves meanwhile would be found in none of these places.
-- Flag: no-writes
local name = base.key('QUEUE', A.queue)
if redis.call('HLEN', name .. '.msgs') + redis.call('LLEN', name) > 200000 then
    return {-1}
end

local known = {}
local function note(ids)
    for _, id in ipairs(ids) do
        known[id] = true
    end
end

for first = 0, redis.call('LLEN', name) - 1, 100 do
    note(redis.call('LRANGE', name, first, first + 99))
end
for _, worker in ipairs(A.workers) do
    note(redis.call('SMEMBERS', base.hands_of(worker, A.queue)))
end
-- What is looked at later: delayed messages, or ids that came before their messages.
note(redis.call('ZRANGE', A.queue == SETTING.inlet .. '.DQ' and KEY.DELAYED or base.key('LATE', A.queue), 0, -1))

local lost, count = {}, 0
for _, id in ipairs(redis.call('HKEYS', name .. '.msgs')) do
    if not known[id] then
        count = count + 1
        lost[#lost + 1] = #lost < 10 and id or nil
    end
end
return {count, unpack(lost)}
