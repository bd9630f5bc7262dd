-- Claims of paid calls: who has one may make its call.
local claims = {}

-- A claim whose answer was lost is asked for again, on another connection. Whoever waits for replicas waits for what that
-- one has written, so something must be: Redis passes a field on that is set to what it was.
function claims.write_again(record)
    redis.call('HSET', record, 'claim', records.get(record, 'claim'))
end

return claims
