-- Whether a server still has the history in which paid calls were claimed. After a failover, or from a copy, it may have
-- forgotten the newest of them. Then nobody knows what each account has bought since, and nothing more is bought until
-- that was looked for.
--
--   HISTORY     the replication id of the server on which the newest claim was made, and when
--   CLAIMED     of a process: the number of its newest claim, which it is told nowhere else
--   FORGETTING  accounts that are yet to have this on their record; whoever claims for one before has it done
local history = {}

local key, whole = base.key, base.whole

-- Accounts whose records one call writes: some ten ms of the server; and those that one command names.
local AT_ONCE, NAMED = 200, 1000
-- Ms between the looks back of two accounts, each of some steps: they leave workers most of their time for other work.
local APART = 20

-- Returns the server's replication id and whether it has led since another one did, as whose replica it was or whose
-- snapshot it has read; nil where it may not be asked.
local function replication_ids()
    local ask = redis.pcall
    local told = ask('INFO', 'replication')
    if type(told) ~= 'string' then
        return nil
    end
    local before = string.match(told, 'master_replid2:(%x+)')
    return string.match(told, 'master_replid:(%x+)'), string.find(before or '', '[^0]') ~= nil
end

-- From when on claims may have been forgotten: since the newest that is on record, as those before it are too.
function history.newest_claim()
    return tonumber(redis.call('HGET', KEY.HISTORY, 'claimed_at')) or 0
end

-- Whether another server than that of the newest claim answers, or the same one anew; so may one that is not to be asked.
function history.has_begun_anew()
    local id = replication_ids()
    return not id or id ~= redis.call('HGET', KEY.HISTORY, 'id')
end

-- Put on record that it is unknown what an account has bought from `since` until now.
local function forget(account, since)
    local by, why = unpack(redis.call('HMGET', KEY.HISTORY, 'forgot_by', 'forgot_why'))
    local record = accounts.record(account)
    local earlier = tonumber(records.get(record, 'past_since')) or since
    records.set(record, 'past_since', whole(math.min(earlier, since)), 'past_until', whole(call.now),
        'past', cjson.encode({by = by, at = call.now, why = why}))
    redis.call('ZREM', KEY.FORGETTING, account)
    for _, endpoint in ipairs(ENDPOINTS) do
        if not base.product_at(endpoint).parent then
            permits.withdraw(account, endpoint)
        end
    end
    outbox.set_timer('past:' .. account, call.now)
end

-- Since when the server may have forgotten what it had of accounts that it knows no more; nil where it has forgotten
-- nothing of late.
local function forgotten_since()
    local at, since = unpack(redis.call('HMGET', KEY.HISTORY, 'forgot_at', 'forgot_since'))
    return at and call.now - tonumber(at) < SETTING.claimed_ms and tonumber(since) or nil
end

-- Have an account on record. One that comes after the past of all became unknown was perhaps forgotten as a whole: a copy
-- may be older than the account, and a server may lose all that it had.
function history.meet(account)
    local since = redis.call('SADD', KEY.ACCOUNTS, account) == 1 and forgotten_since()
    if since then
        forget(account, since)
    end
end

function history.is_unknown(account)
    local since = redis.call('ZSCORE', KEY.FORGETTING, account)
    if since then
        forget(account, tonumber(since))
    end
    return records.get(accounts.record(account), 'past_since')
end

-- When the look back at an account's past may begin (ms): once each create that may have been made is over, and its job;
-- those of many accounts one after the other.
function history.begins_at(account)
    local known_until = tonumber(records.get(accounts.record(account), 'past_until'))
    if not known_until then
        return 0
    end
    local part = tonumber(string.sub(redis.sha1hex(account), 1, 6), 16) / 0xffffff
    return known_until + SETTING.past_ms + math.floor(part * APART * redis.call('SCARD', KEY.ACCOUNTS))
end

-- Put it on the records of the next accounts that lack it; returns whether more are left.
function history.go_on()
    local some = redis.call('ZRANGE', KEY.FORGETTING, 0, AT_ONCE - 1, 'WITHSCORES')
    for n = 1, #some, 2 do
        forget(some[n], tonumber(some[n + 1]))
    end
    return #some > 0 and redis.call('EXISTS', KEY.FORGETTING) == 1
end

-- Let the past of all accounts be unknown; returns them. Of many, most are told on the way: nothing of theirs is bought
-- meanwhile, and no call takes long.
function history.forget_all(since, by, why)
    local earlier = forgotten_since() or since
    redis.call('HSET', KEY.HISTORY, 'forgot_at', whole(call.now), 'forgot_by', by, 'forgot_why', why,
        'forgot_since', whole(math.min(earlier, since)))
    local all = redis.call('SMEMBERS', KEY.ACCOUNTS)
    for first = 1, #all, NAMED do
        local named = {}
        for n = first, math.min(first + NAMED - 1, #all) do
            named[#named + 1] = whole(since)
            named[#named + 1] = all[n]
        end
        redis.call('ZADD', KEY.FORGETTING, 'LT', unpack(named))
    end
    history.go_on()
    return all
end

-- Compare what a claimant knows with what is on record.
-- claimant = {process, number = of this claim of its, known = of its newest that was granted (0: none), age = ms since
-- then, replicas = that must know of a claim}
function history.compare(claimant)
    local own = key('CLAIMED', claimant.process)
    local last, forgot_at = unpack(redis.call('HMGET', KEY.HISTORY, 'id', 'forgot_at'))
    -- One from before the past became unknown is looked for already: each process would have it begin anew.
    local is_new = call.now - claimant.age > (tonumber(forgot_at) or 0)
    local newest = tonumber(redis.call('SET', own, claimant.number, 'PX', SETTING.claimed_ms, 'GET')) or 0
    if newest > claimant.number then -- its threads claim at once, and come in any order
        redis.call('SET', own, newest, 'PX', SETTING.claimed_ms)
    end
    if is_new and claimant.known > newest then
        history.forget_all(history.newest_claim(), 'identity-worker',
            'the server has forgotten paid calls that were on record')
    end
    local id, has_taken_over = replication_ids()
    -- What was a replica may lack what its primary had, unless each claim has waited for it; there may have been more
    -- than one since. Without one before, another id is a restart on what the server had synced.
    if id and last and id ~= last and has_taken_over and claimant.replicas == 0 then
        history.forget_all(history.newest_claim(), 'identity-worker',
            'a replica has taken over, and may not have had all paid calls on record')
    end
    if id and id ~= last then
        redis.call('HSET', KEY.HISTORY, 'id', id)
    end
end

-- Whether a paid call of a subject may be claimed; a promote may: the API answers a second one with the first.
function history.allows(account, subject, claimant)
    if claimant then
        history.compare(claimant)
        history.meet(account)
    end
    if history.is_unknown(account) and not base.product_of(subject).parent then
        return false
    end
    redis.call('HSET', KEY.HISTORY, 'claimed_at', whole(call.now))
    return true
end

return history
