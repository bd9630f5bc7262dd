-- order_pass: go past a member of an order to which nothing was done.
--
--   order, member
--   how   'already' (it was so before) or 'refused'
--   told  why, as JSON (or none)
-- Returns nothing.
--
-- Atomic: it is counted once, whoever goes past it.
local order, told = base.key('ORDER', A.order), base.key('ORDER_TOLD', A.order)
if orders.state_of(A.order) == 'running' and redis.call('ZREM', base.key('ORDER_LEFT', A.order), A.member) == 1 then
    redis.call('HINCRBY', order, A.how, 1)
    if A.told then
        redis.call('LPUSH', told, A.told)
        redis.call('LTRIM', told, 0, SETTING.order_told - 1)
        redis.call('PEXPIRE', told, SETTING.keep_ms)
    end
end
