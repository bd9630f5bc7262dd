-- own: put on record whose the tokens of accounts are, unless others use one of these accounts with another token.
--
-- owners = {account = digest of its token's owner}, before = {account = the same of the token that this process had}
-- Returns the accounts that others use; if there is one, nothing is changed.
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

local taken = {}
for account, owner in pairs(A.owners) do
    local there = records.get(accounts.record(account), 'owner')
    if there and there ~= owner and there ~= A.before[account] and is_used(account) then
        taken[#taken + 1] = account
    end
end
if #taken == 0 then
    for account, owner in pairs(A.owners) do
        records.set(accounts.record(account), 'owner', owner)
    end
end
return taken
