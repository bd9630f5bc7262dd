-- Orders: what a person wants done to many briefs. The set is fixed before it begins, and each of it is done once.
local orders = {}

local key = base.key

function orders.state_of(id)
    return redis.call('HGET', key('ORDER', id), 'state') or 'none'
end

-- Take a member off what is left of an order; returns whether it is still to be done. Whoever does it, does it in the
-- same call: so it is done once, whoever carries the order out, killed or two at once.
function orders.take(id, member)
    if orders.state_of(id) ~= 'running' or redis.call('ZREM', key('ORDER_LEFT', id), member) == 0 then
        return false
    end
    redis.call('HINCRBY', key('ORDER', id), 'done', 1)
    return true
end

return orders
