-- release: give a lease back at once, so that another listener need not wait for its end.
--
-- account, listener
-- Returns 1 when it was this listener's.
--
-- Atomic: compared and deleted.
-- Flag: allow-oom
local lease = base.key('LEASE', A.account)
if redis.call('GET', lease) == A.listener then
    return redis.call('DEL', lease)
end
return 0
