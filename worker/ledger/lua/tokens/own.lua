-- own: put on record whose the tokens of accounts are, unless others use one of these accounts with another token.
--
--   owners  {account = digest of its token's owner}
--   before  {account = the same of the token that this process had}
-- Returns the accounts that others use; if there is one, nothing is changed.
--
-- After a person has said that the token changes, a process with another token is let in without a question for some
-- time. A process with the old token that starts meanwhile, such as one that is restarted, does not end that time: only
-- the new token does. Where no owner was on record, the first to start may have the old token, so that does not end it
-- either.
--
-- Atomic: of two installations that start in one moment the second is told.
local BRIEF = base.kind_of(base.brief_subject(''))

local function is_used(account)
    local lease = redis.call('GET', base.key('LEASE', account))
    -- A listener that does not sign in is of an older version.
    if lease and listeners.read()[lease] ~= false then
        return true
    end
    for _, place in ipairs(redis.call('HKEYS', base.key('COUNTS', account))) do
        if not base.is_final(BRIEF, string.match(place, '^[^:]*')) then
            return true
        end
    end
    return false
end

local function is_anothers(account, owner)
    local there, open = records.many(accounts.record(account), 'owner', 'owner_open_until')
    if not there or there == owner or there == A.before[account] or call.now < (tonumber(open) or 0) then
        return false
    end
    return is_used(account)
end

local function put(account, owner)
    local record = accounts.record(account)
    local there = records.get(record, 'owner')
    if there == owner then
        return
    end
    records.set(record, 'owner', owner)
    if there then
        records.forget(record, 'owner_open_until')
    end
end

local taken = {}
for account, owner in pairs(A.owners) do
    if is_anothers(account, owner) then
        taken[#taken + 1] = account
    end
end
if #taken == 0 then
    for account, owner in pairs(A.owners) do
        put(account, owner)
    end
end
return taken
