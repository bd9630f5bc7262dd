-- The tokens of accounts: what is paused for want of one, and goes on with another one.
local token_changes = {}

local key = base.key

local ABSENT = 'no process has a token of this account: put it back where ACCOUNTS_FILE names it, or cancel its briefs'

-- A process has a token of an account. What was paused as nobody had one goes on; so does what was paused as the API
-- refused another one. `renewed`: it is another one for this process, though one that was faster has put it on record.
function token_changes.take(account, token, renewed)
    local record = accounts.record(account)
    local before, absent, status = records.many(record, 'token', 'pause_absent', 'pause_status')
    local is_other = before ~= token
    if is_other then
        records.set(record, 'token', token)
    end
    if absent or (status == '401' and (renewed or (before and is_other))) then
        backoff.lift(account, 'pause')
        backoff.wake_preparing(account)
        admission.admit(account)
    end
end

-- Pause an account of which neither a worker that was given its step nor a listener has a token. Its briefs keep their
-- places, and one of them is tried again now and then: another worker may have a token.
function token_changes.pause_absent(account)
    local lease = redis.call('GET', key('LEASE', account))
    -- Of a listener that does not sign in, the lease ends by itself.
    if lease and listeners.read()[lease] ~= false then
        return false
    end
    local record = accounts.record(account)
    local ends, absent = records.many(record, 'pause_until', 'pause_absent')
    if call.now < (tonumber(ends) or 0) then
        return absent
    end
    backoff.pause(account, 'pause', SETTING.probe_ms, ABSENT, nil, call.now)
    records.set(record, 'pause_absent', 1)
    return true
end

return token_changes
