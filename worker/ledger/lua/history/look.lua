-- look: put on record what a look back at an account's past has found so far, and have it go on at once.
--
--   account
--   past_until  as it was read
--   before      how far the look back had come, as the text that was read
--   looked      how far it has come now
--   begins      true: nothing that was found before counts
--   listed      {ids of jobs that are to be asked about}
--   job         the one that was asked about (or none)
--   snapshot    what the API says of it
-- Returns 1; 0 when another run has come further, or the past has become unknown once more since.
--
-- Atomic: of two runs one goes on, and one that is killed has done either all of this or nothing. The step is sent at
-- once, since a timer would wait for the end of this step's message.
local record, subject = accounts.record(A.account), 'past:' .. A.account
local to_ask, found = base.key('PAST_LISTED', A.account), base.key('PAST_JOBS', A.account)
if not history.is_unknown(A.account)
    or not base.unchanged(record, {past_until = A.past_until, past_looked = A.before}) then
    return 0
end
if A.begins then
    redis.call('DEL', to_ask, found)
end
for _, job in ipairs(A.listed) do
    if redis.call('HEXISTS', found, job) == 0 then
        redis.call('ZADD', to_ask, 'NX', base.whole(call.now), job)
    end
end
if A.job then
    redis.call('ZREM', to_ask, A.job)
    redis.call('HSET', found, A.job, A.snapshot)
end
records.set(record, 'past_looked', A.looked, 'past_message', outbox.send('look_back', subject))
outbox.set_timer(subject, call.now + SETTING.again_ms)
return 1
