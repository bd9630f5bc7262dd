-- bring: write one part of an account's records to this shard, if the parts before it have come and it has not.
--
--   comer      the account
--   name       of its way
--   part       the number of the part
--   assumed    the number of the newest part that has come, where none is noted
--   namespace  of this shard
--   kept_ms    how long that note is kept
--   ...        the part: steps, each a command of Redis on a key without a namespace
-- Returns the number of the newest part that has come. It is smaller than expected if the server has forgotten some.
--
-- Atomic: a part comes once and whole, though two bring it, or a failover comes in between.
local way = base.key('LEAVING', A.comer)
local come = tonumber(redis.call('HGET', way, A.name)) or A.assumed
if come == A.part - 1 then
    for _, step in ipairs(cjson.decode((...))) do
        step[2] = A.namespace .. step[2]
        redis.call(unpack(step))
    end
    come = A.part
    redis.call('HSET', way, A.name, come)
    redis.call('PEXPIRE', way, A.kept_ms)
end
return come
