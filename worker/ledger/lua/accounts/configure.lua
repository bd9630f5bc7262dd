-- configure: put the limits that the configuration gives to many accounts on record, and start whoever may start under
-- them, and whoever waited for a token of its account.
--
--   groups  {{accounts = {name, ...}, limits = {field = text}, file = those limits as one text,
--           tokens = {name = fingerprint of its token}, renewed = {name = true} of those whose token has just
--           changed}, ...}
-- Returns the accounts of which something was set. A limit is set only where the configuration says something else of
-- it than before: so a change made while running outlives a restart.
--
-- One call, since each account is compared, set, written down, and acted upon; for many accounts, since a start must
-- not wait for a synced write of each.
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
