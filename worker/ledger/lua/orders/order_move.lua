-- order_move: bring an order on: collecting -> ready -> running -> done, or stopped.
--
--   order
--   from           {state, ...} (`none`: it is not there)
--   to             its new state
--   set            {field = text}
--   log, log_most  what the log of actions is told of it, and how many entries that keeps (or neither)
-- Returns 1 when it is in that state; 0 when it is in a state that is not among these, and stays there.
--
-- Atomic: of two who begin and stop it one is obeyed, the log tells of it once, and what is over is listed no more.
local order, left, told = base.key('ORDER', A.order), base.key('ORDER_LEFT', A.order), base.key('ORDER_TOLD', A.order)
local state = orders.state_of(A.order)
if state == A.to then
    return 1
end
local allowed = false
for _, from in ipairs(A.from) do
    allowed = allowed or from == state
end
if not allowed then
    return 0
end
redis.call('HSET', order, 'state', A.to)
for field, text in pairs(A.set or {}) do
    redis.call('HSET', order, field, text)
end
if A.log then
    redis.call('LPUSH', KEY.ACTIONS, A.log)
    redis.call('LTRIM', KEY.ACTIONS, 0, A.log_most - 1)
end
-- The other shards have no more of it than their part; whoever stops it may be killed before they hear of that.
local is_whole = redis.call('HEXISTS', order, 'what') == 1
if is_whole and (A.to == 'collecting' or A.to == 'running') then
    redis.call('ZADD', KEY.ORDERS, call.now, A.order)
else
    redis.call('ZREM', KEY.ORDERS, A.order)
end
if A.to == 'running' and is_whole then
    redis.call('PERSIST', order)
    redis.call('PERSIST', left)
elseif A.to == 'running' then
    redis.call('PEXPIRE', order, SETTING.keep_ms)
    redis.call('PEXPIRE', left, SETTING.keep_ms)
elseif A.to == 'collecting' or A.to == 'ready' then
    redis.call('PEXPIRE', order, SETTING.order_ms)
    redis.call('PEXPIRE', left, SETTING.order_ms)
else
    redis.call('DEL', left)
    redis.call('PEXPIRE', order, SETTING.keep_ms)
    redis.call('PEXPIRE', told, SETTING.keep_ms)
end
return 1
