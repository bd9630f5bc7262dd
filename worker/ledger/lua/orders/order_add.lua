-- order_add: put members into the set of an order that is collected.
--
-- order, members = {{time accepted, member}, ...}, set = {field = text}: up to where it is collected (or none)
-- Returns 1; 0 when the set is fixed by now, and they are not in it.
--
-- Atomic: whoever was held up while he collected adds nothing to an order that has begun.
if orders.state_of(A.order) ~= 'collecting' then
    return 0
end
local left = base.key('ORDER_LEFT', A.order)
for _, member in ipairs(A.members) do
    redis.call('ZADD', left, member[1], member[2])
end
for field, text in pairs(A.set or {}) do
    redis.call('HSET', base.key('ORDER', A.order), field, text)
end
redis.call('PEXPIRE', left, SETTING.order_ms)
return 1
