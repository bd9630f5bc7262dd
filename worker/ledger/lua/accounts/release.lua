-- release: give leases back at once, so that other listeners need not wait for their end.
--
--   listener, accounts
--   out  true: the listener ends
-- Returns how many of the leases were this listener's.
--
-- Atomic: compared and deleted.
-- Flag: allow-oom
local own = {}
for n, holder in ipairs(listeners.holders(A.accounts)) do
    if holder == A.listener then
        own[#own + 1] = A.accounts[n]
    end
end
if #own > 0 then
    redis.call('DEL', unpack(listeners.keys_of('LEASE', own)))
end
if A.out then
    listeners.sign_out(A.listener)
end
return #own
