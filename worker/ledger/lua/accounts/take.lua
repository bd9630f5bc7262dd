-- take: take leases that no living listener has.
--
--   listener
--   accounts  at least one
--   most      how many leases
-- Returns for each account the listener that has its lease now, or has asked for it; '' if there is none because
-- `most` leases were taken.
--
-- Atomic: compared and set, so that two listeners never have one lease.
listeners.sign_in(A.listener) -- first: a lease must never name a listener that is not known
local is_alive = listeners.read()
local holders, askers = listeners.holders(A.accounts), listeners.askers(A.accounts, is_alive)
local taken = 0
for n, account in ipairs(A.accounts) do
    -- Of a listener that does not sign in, the lease ends by itself.
    if not holders[n] or is_alive[holders[n]] == false then
        local asker = askers[n] or A.listener
        holders[n] = asker ~= A.listener and asker or ''
        if asker == A.listener and taken < A.most then
            listeners.lease(account, A.listener)
            holders[n], taken = A.listener, taken + 1
        end
    end
end
return holders
