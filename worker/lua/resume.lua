-- resume: lift every pause of an account, and trust its own limit of jobs again.
--
-- account, by
-- Returns 1.
--
-- Atomic: lifted, written down who did it, and acted upon.
local record = account_record(A.account)
for _, what in ipairs({'pause', 'create', 'promote', 'prepare'}) do
    lift(A.account, what)
end
redis.call('HDEL', record, 'working', 'working_until')
redis.call('LPUSH', key('CHANGES', A.account), cjson.encode({at = NOW, by = A.by, resumed = true}))
redis.call('LTRIM', key('CHANGES', A.account), 0, 99)
admit(A.account)
return 1
