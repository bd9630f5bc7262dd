-- The order of an account's waiting list: priority, then fair between batches by weight, then first come.
--
-- Start-time fair queueing (Goyal, Vin and Cheng, 1996): a brief's tag is the virtual time at which it would
-- start if each batch had its weighted share: the later of now (the tag of who started last) and of its batch's
-- last tag plus one brief's share. Tags are given once, on arrival, so a brief that is sent back keeps its place.
--
-- Of batches that are not behind, the first come goes first: each is given a tag later than the last such one. With
-- equal tags Redis would order them by name, and one could wait for ever while others come whose names sort earlier.
--
-- Priority and tag are one score: 44 bits of tag below 8 bits and a sign of priority fit a double's 53 bits.
local fair = {}

local key, whole = base.key, base.whole

local PRIORITY = 2 ^ 44

local SHARE = 1000

local function virtual_time(account, priority)
    return tonumber(records.get(accounts.record(account), 'virtual:' .. priority)) or 0
end

-- The score in the waiting list of a brief that arrives.
function fair.score_of(account, batch, priority)
    local virtual = virtual_time(account, priority)
    local tags = key('FAIR', account, priority)
    local weight = tonumber(records.get(accounts.record(account), 'weight:' .. batch)) or 1
    local start = tonumber(redis.call('ZSCORE', tags, batch)) or 0
    if start <= virtual then
        local newest = tonumber(records.get(accounts.record(account), 'newest:' .. priority)) or -1
        start = math.max(virtual, newest + 1)
        records.set(accounts.record(account), 'newest:' .. priority, whole(start))
    end
    redis.call('ZADD', tags, whole(start + math.max(1, SHARE / weight)), batch)
    -- A batch that is not behind needs no memory of its last tag.
    redis.call('ZREMRANGEBYSCORE', tags, '-inf', whole(virtual))
    redis.call('PEXPIRE', tags, SETTING.keep_ms)
    return whole(start - priority * PRIORITY)
end

function fair.priority_of(score)
    return math.ceil(-score / PRIORITY) + 0 -- no negative zero
end

function fair.is_urgent(score)
    return score < 0
end

-- Who starts moves the virtual time of its priority to its own tag.
function fair.started(account, score)
    local priority = fair.priority_of(score)
    local start = score + priority * PRIORITY
    if start > virtual_time(account, priority) then
        records.set(accounts.record(account), 'virtual:' .. priority, whole(start))
    end
end

return fair
