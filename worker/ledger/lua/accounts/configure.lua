-- configure: put the limits that many accounts have by the configuration on record, and start whoever may start
-- under them; and whoever waited for a token of its account.
--
-- groups = a list of {accounts = {name ...}, limits = {field = text}, file = those limits as one text,
-- tokens = {name = fingerprint of its token}, renewed = {name = true} of those whose token has just changed}
-- Returns the accounts of which something was set; not those of which the configuration says what it said before: a
-- change made while running outlives a restart, until the configuration says something else of that very limit.
--
-- One call, since each account is compared, set, written down, and acted upon; of many, since a start must not wait for
-- a synced write of each.
local changed = {}
for _, group in ipairs(A.groups) do
    for _, account in ipairs(group.accounts) do
        -- A process that has not heard of it may think that one lives here which has left for another shard.
        local is_here = redis.call('EXISTS', base.key('LEFT', account)) == 0
        if is_here then
            token_changes.take(account, group.tokens[account], group.renewed[account])
        end
        if is_here and limit_changes.configure(account, group.limits, group.file) then
            changed[#changed + 1] = account
        end
    end
end
return changed
