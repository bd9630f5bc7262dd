-- keep: keep the leases that a listener has, and put on record which of its streams live.
--
--   listener
--   accounts  those whose leases it has
--   renew     true: also put off the ends of the leases
--   heard     {[account] = ms since its stream gave a sign of life} of those that are to be put on record
--   look      true: also look for streams that are to be opened again for their replay, and for events to delete
-- Returns {listeners that are alive, accounts that another one has, accounts that others ask for, accounts whose
-- streams are to be opened again for their replay, accounts with events to delete}.
--
-- Atomic: a listener that slept too long neither keeps what another took, nor writes to its record.
local lost, asked, again, handled = {}, {}, {}, {}
listeners.sign_in(A.listener)
if A.renew then
    listeners.forget_dead()
end
local is_alive, alive = listeners.read()

local holders = listeners.holders(A.accounts)
local kept = {}
for n, account in ipairs(A.accounts) do
    if holders[n] and holders[n] ~= A.listener then
        lost[#lost + 1] = account
    else
        kept[#kept + 1] = account
        if A.renew or not holders[n] then
            listeners.lease(account, A.listener)
        end
    end
end

-- Of many keys it is asked in one command whether there are any: as a rule there are none.
local function is_any(name)
    return #kept > 0 and redis.call('EXISTS', unpack(listeners.keys_of(name, kept))) > 0
end

for _, account in ipairs(kept) do
    local ago = A.heard and A.heard[account]
    if ago then
        redis.call('HSET', base.key('STREAM', account), 'heard_at', base.whole(call.now - ago))
    end
end

-- A replay is asked for only where it must prove something: that a create has made no job.
for _, account in ipairs(A.look and is_any('UNRESOLVED') and kept or {}) do
    if unclaimed.has_unresolved(account) then
        local replayed_at = redis.call('HGET', base.key('STREAM', account), 'replayed_at')
        if call.now - (tonumber(replayed_at) or 0) >= SETTING.replay_again_ms then
            again[#again + 1] = account
        end
    end
end

if A.look and is_any('HANDLED') then
    for _, account in ipairs(kept) do
        if redis.call('EXISTS', base.key('HANDLED', account)) == 1 then
            handled[#handled + 1] = account
        end
    end
end

if alive > 1 then
    for n, asker in ipairs(listeners.askers(kept, is_alive)) do
        if asker and asker ~= A.listener then
            asked[#asked + 1] = kept[n]
        end
    end
end
return {alive, lost, asked, again, handled}
