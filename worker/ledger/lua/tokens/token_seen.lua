-- token_seen: put on record when an account's token ends, and warn of it once a day when that is soon.
--
--   account
--   token  fingerprint of the token
--   ends   ms since 1970, nil where nobody says
-- Returns 1 when it has just been warned of, else 0.
--
-- Atomic: of two workers that look at the same time one warns.
local record = accounts.record(A.account)
local token, seen_at = records.many(record, 'token_seen', 'token_seen_at')
if token == A.token and call.now - (tonumber(seen_at) or 0) < SETTING.told_again_ms then
    return 0
end
records.set(record, 'token_seen', A.token, 'token_seen_at', base.whole(call.now))
if not A.ends then
    records.forget(record, 'token_ends')
    return 0
end
records.set(record, 'token_ends', base.whole(A.ends))
if A.ends - call.now > SETTING.token_warned_ms then
    return 0
end
outbox.emit_of_account(A.account, EVENT.token_ending, '"token_ends":' .. base.whole(A.ends))
return 1
