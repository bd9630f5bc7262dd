-- sync_identities: put the account's own identities on record, as the API lists them.
--
--   account
--   codes    {identity codes}
--   since    the server's time before the list was asked for, ms
--   credits  the balance then (or none)
-- Returns how many identities are counted now.
--
-- Atomic: identities made while the list was on its way stay counted, those that are gone free their slots,
-- and whoever waited for a slot starts.
local identities = base.key('IDENTITIES', A.account)
local listed = {}
for _, code in ipairs(A.codes) do
    listed[code] = true
    redis.call('ZADD', identities, 'NX', base.whole(A.since), code)
end
for _, code in ipairs(redis.call('ZRANGEBYSCORE', identities, '-inf', base.whole(A.since))) do
    if not listed[code] then
        redis.call('ZREM', identities, code)
        backoff.make_room(A.account)
    end
end
if A.credits then
    records.set(accounts.record(A.account), 'credits', A.credits)
end
accounts.correct_slots_seen(A.account)
admission.admit(A.account)
return redis.call('ZCARD', identities)
