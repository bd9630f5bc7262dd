-- bring: put a part of what is on record of an account here, where those before it have come and it has not.
--
-- comer = the account, name = of its way, part = the number of the part, assumed = of the newest that has come where none is
-- noted, namespace = of this shard, kept_ms = how long that note is kept
-- ...: the part, steps of which each is a command of Redis, on a key without a namespace
-- Returns the number of the newest part that has come: a smaller one where the server has forgotten some.
--
-- Atomic, so that a part comes once and whole, though it is brought by two or after a failover.
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
