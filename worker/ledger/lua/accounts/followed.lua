-- followed: put on record what an account's event stream has done, and so since when it has no gap.
--
--   account, listener
--   what  'opened' | 'replayed' (all kept events have come) | 'unread' (an event that may be of any job) |
--         'stalled' (nothing comes, though it is open) | 'ended'
--   why   of the last three
-- Returns 1 when it was put on record, 0 when another listener has the lease.
--
-- The API sends each event that it keeps at every opening of the stream within the next minutes. So nothing is missed
-- for as long as one replay follows another within that time (`replayed_since`), whatever happens to live events; and
-- the live stream covers the time between two replays as well (`unbroken_since`).
--
-- Atomic: only the holder of the lease writes, and each stretch goes on from where the last one ended. A job that
-- begins meanwhile is looked at early, or its look is brought forward.
if redis.call('GET', base.key('LEASE', A.account)) ~= A.listener then
    return 0
end
local record = base.key('STREAM', A.account)
local now = base.whole(call.now)

-- Since when a stretch lasts that goes on now: from its beginning, or from as far back as a replay reaches, but
-- not past what could not be read. A stretch that ended is counted.
local function stretch(since, last)
    local got = redis.call('HMGET', record, since, last, 'unread_at')
    if got[1] and got[2] and call.now - got[2] <= SETTING.span_ms then
        return got[1]
    end
    if got[1] and since == 'unbroken_since' then
        redis.call('HINCRBY', record, 'broken', 1)
    end
    return base.whole(math.max(call.now - SETTING.span_ms, tonumber(got[3]) or 0))
end

-- An end that nobody has put on record, as the listener died, shows at the next opening.
if A.what == 'ended' or A.what == 'unread' or A.what == 'stalled' or (A.what == 'opened' and redis.call('HEXISTS', record, 'connected_at') == 1) then
    looks.bring_back(A.account)
end
if A.what == 'opened' then
    redis.call('HSET', record, 'listener', A.listener, 'connected_at', now)
    redis.call('HINCRBY', record, 'opened', 1)
elseif A.what == 'replayed' then
    local unbroken, replayed = stretch('unbroken_since', 'heard_at'), stretch('replayed_since', 'replayed_at')
    redis.call('HSET', record, 'unbroken_since', unbroken, 'replayed_since', replayed,
        'heard_at', now, 'replayed_at', now)
elseif A.what == 'unread' then
    redis.call('HSET', record, 'unbroken_since', now, 'replayed_since', now, 'unread_at', now, 'why', A.why)
    redis.call('HINCRBY', record, 'broken', 1)
elseif A.what == 'stalled' then
    -- What holds it back does so again and again, at each opening.
    local told_at = tonumber(redis.call('HGET', record, 'stalled_told_at'))
    if not told_at or call.now - told_at >= SETTING.told_again_ms then
        outbox.emit_of_account(A.account, EVENT.stalled, '"why":' .. cjson.encode(A.why))
        redis.call('HSET', record, 'stalled_told_at', now)
    end
    redis.call('HSET', record, 'stalled_at', now, 'why', A.why)
else
    redis.call('HSET', record, 'ended_at', now, 'why', A.why)
    redis.call('HDEL', record, 'connected_at')
end
return 1
