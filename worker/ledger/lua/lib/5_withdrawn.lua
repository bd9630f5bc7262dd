-- Grants that are taken back: a pause, or the jobs of others, came before their request was begun.

-- Whoever was granted a request of an endpoint and has not begun it waits again, in its old place. Its step may be
-- queued for a while yet, and would go out into the pause.
withdraw = function(account, endpoint)
    for _, subject in ipairs(redis.call('ZRANGEBYSCORE', key('WINDOW', account, endpoint), '+inf', '+inf')) do
        local kind = kind_of(subject)
        local state, place, granted_at = unpack(redis.call('HMGET', record_of(subject), 'state', 'place', 'granted_at'))
        if state == WAITS[kind].state then
            settle(account, subject, false)
            local since = holds_job(account, subject)
            if since and tonumber(since) < tonumber(granted_at) then
                place = '-inf' -- its permit is of the attempt before, which may have arrived
            else
                redis.call('ZREM', key('PERMITS', account), subject)
            end
            redis.call('ZREM', KEY.TIMERS, subject)
            if not STATES[kind][state].slots then
                redis.call('HDEL', key('SLOTS', account), subject)
                unpromise(account, subject)
            end
            redis.call('ZADD', key('WAITING', account, endpoint), place, subject)
        end
    end
end
