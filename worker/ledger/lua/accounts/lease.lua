-- lease: take or renew the lease to follow an account's events.
--
-- account, listener, ms
-- Returns 1 when the listener has the lease now, 0 when another has it.
--
-- Atomic: compared and set, so that a listener that slept too long can't renew what another took.
local lease = base.key('LEASE', A.account)
local holder = redis.call('GET', lease)
if holder and holder ~= A.listener then
    return 0
end
redis.call('SET', lease, A.listener, 'PX', A.ms)
return 1
