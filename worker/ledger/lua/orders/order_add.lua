-- order_add: put members into the set of an order that is being collected.
--
--   order
--   members  {{time accepted, member}, ...}
--   set      {field = text}: up to where it is collected
--   since    the place from which that went on, '' for the beginning (`set` and `since`, or neither)
-- Returns 1; 0 when the set is fixed by now and the members are not in it, or when another process has collected further.
--
-- Atomic: a process that was held up while it collected adds nothing to an order that has begun, and does not take back
-- how far another one has come.
if orders.state_of(A.order) ~= 'collecting' then
    return 0
end
local left = base.key('ORDER_LEFT', A.order)
for _, member in ipairs(A.members) do
    redis.call('ZADD', left, member[1], member[2])
end
redis.call('PEXPIRE', left, SETTING.order_ms)
if A.set then
    local order = base.key('ORDER', A.order)
    if (redis.call('HGET', order, 'cursor') or '') ~= A.since then
        return 0
    end
    for field, text in pairs(A.set) do
        redis.call('HSET', order, field, text)
    end
end
return 1
