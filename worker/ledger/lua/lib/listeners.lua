-- The listeners that are up, and their leases on accounts.
--
-- A lease names its listener. It counts for as long as that one signs in: so a listener keeps thousands of leases by
-- one write. It also ends by itself, minutes after it was last renewed. That is for listeners of older versions, which
-- do not sign in and know leases by their end alone; theirs last some seconds.
local listeners = {}

local key, whole = base.key, base.whole

function listeners.sign_in(listener)
    redis.call('ZADD', KEY.LISTENERS, whole(call.now), listener)
end

-- Sign a listener out: it counts as dead and not as unknown, so a lease that it could not give back does not last.
function listeners.sign_out(listener)
    redis.call('ZADD', KEY.LISTENERS, whole(call.now - SETTING.lease_ms - 1), listener)
end

-- Forget those that no lease can name any more.
function listeners.forget_dead()
    local named_ms = 2 * SETTING.lease_kept_ms
    redis.call('ZREMRANGEBYSCORE', KEY.LISTENERS, '-inf', whole(call.now - named_ms))
end

-- Returns {listener = whether it is alive} of those that sign in, and how many are.
function listeners.read()
    local is_alive, count = {}, 0
    local seen = redis.call('ZRANGE', KEY.LISTENERS, 0, -1, 'WITHSCORES')
    for n = 1, #seen, 2 do
        local alive = call.now - seen[n + 1] <= SETTING.lease_ms
        is_alive[seen[n]] = alive
        count = count + (alive and 1 or 0)
    end
    return is_alive, count
end

-- The keys of one kind, of so many accounts.
function listeners.keys_of(name, accounts)
    local names = {}
    for n, account in ipairs(accounts) do
        names[n] = key(name, account)
    end
    return names
end

-- Returns for each account the listener that has its lease; false: none.
function listeners.holders(accounts)
    return #accounts > 0 and redis.call('MGET', unpack(listeners.keys_of('LEASE', accounts))) or {}
end

function listeners.lease(account, listener)
    redis.call('SET', key('LEASE', account), listener, 'PX', SETTING.lease_kept_ms)
end

-- Ask whoever has them for accounts.
function listeners.ask(accounts, listener)
    local asked = {}
    for _, account in ipairs(accounts) do
        asked[#asked + 1] = account
        asked[#asked + 1] = whole(call.now) .. ' ' .. listener
    end
    redis.call('HSET', KEY.ASKED, unpack(asked))
    redis.call('PEXPIRE', KEY.ASKED, SETTING.lease_ms)
end

-- Returns for each account the living listener that asks for it; false: none.
function listeners.askers(accounts, is_alive)
    local askers = #accounts > 0 and redis.call('HMGET', KEY.ASKED, unpack(accounts)) or {}
    for n, asked in ipairs(askers) do
        local at, listener = string.match(asked or '', '^(%d+) (.*)$')
        askers[n] = at and call.now - at <= SETTING.lease_ms and is_alive[listener] and listener or false
    end
    return askers
end

return listeners
