-- remember: put on record that all was found that an account may have bought, so that it may buy again.
--
--   account
--   past_until  as it was read
-- Returns 1; 0 when its past has become unknown once more since.
--
-- Atomic: what was forgotten meanwhile is looked for as well.
local record = accounts.record(A.account)
if not history.is_unknown(A.account) or not base.unchanged(record, {past_until = A.past_until}) then
    return 0
end
records.forget(record, 'past', 'past_since', 'past_message', 'past_looked')
redis.call('DEL', base.key('PAST_LISTED', A.account), base.key('PAST_JOBS', A.account))
records.set(record, 'past_known', base.whole(call.now))
outbox.clear_timer('past:' .. A.account)
admission.admit(A.account)
backoff.wake_preparing(A.account)
return 1
