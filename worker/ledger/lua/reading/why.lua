-- why: tell what a waiting record waits for, by the rules by which `admission` decides.
--
--   subject
-- Returns a JSON object, or '' when it does not wait: account, endpoint, granted, urgent, parked, position and
-- waiting (none when parked), promotions that go first, missing (worker/ledger/lua/lib/accounts/lacking.lua). It
-- changes nothing but to forget what counts no more.
--
-- Atomic: one picture of the account, which many others change meanwhile.
local kind = base.kind_of(A.subject)
local state, account, batch, score = records.many(base.record_of(A.subject), 'state', 'account', 'batch', 'place')
if not state or state ~= KINDS[kind].waits then
    return ''
end
local endpoint = KINDS[kind].endpoint
local waiting = base.key('WAITING', account, endpoint)
local rank = redis.call('ZRANK', waiting, A.subject)
return cjson.encode({
    account = account,
    endpoint = endpoint,
    granted = permits.is_granted(account, A.subject) and true or false,
    urgent = fair.is_urgent(tonumber(score)),
    parked = (batch and redis.call('ZSCORE', base.key('PARKED', batch), A.subject)) and true or false,
    position = rank and rank + 1 or nil,
    waiting = redis.call('ZCARD', waiting),
    promotions = KINDS[kind].follows and redis.call('ZCARD', base.key('WAITING', account, KINDS[KINDS[kind].follows].endpoint)) or 0,
    missing = lacking.of(account, endpoint, A.subject),
})
