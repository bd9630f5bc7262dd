-- claim_id: give a brief's id to an account, unless it is another account's: over all shards an id is of one brief.
--
--   id
--   holder      the account
--   instead_of  the account whose brief of this id has given way (or none)
-- Returns the account that has the id now, and for how many ms it has had it.
--
-- Atomic: of two accounts that come at once one has it. It is called in the shard that follows from the id.
local name = base.key('HOME', A.id)
local since, account = string.match(redis.call('GET', name) or '', '^(%d+) (.*)$')
if not account or account == A.instead_of then
    since, account = base.whole(call.now), A.holder
end
if account == A.holder then
    -- Written also if it has it already: replicas confirm writes only, and an earlier one may not have been confirmed.
    redis.call('SET', name, since .. ' ' .. account, 'PX', SETTING.content_ms)
end
return {account, base.whole(call.now - since)}
