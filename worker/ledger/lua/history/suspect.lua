-- suspect: find out at the start of a worker whether the server came back from a copy, and put on record that it may.
--
--   by, why  what is put on record then
-- Returns since when paid calls may be forgotten, and the accounts; nothing where all is as it was left.
--
-- Atomic: of workers that start together one finds out, before another takes the silent ones off the record.
--
-- A copy is made while workers run, and in it they have all fallen silent at once; workers that end in order sign out.
-- The silence must be as long as the API keeps its events, so that a restart after a power cut delays nothing.
local newest = redis.call('ZRANGE', KEY.WORKERS, -1, -1, 'WITHSCORES')
if #newest == 0 or call.now - tonumber(newest[2]) < SETTING.silent_ms or not history.has_begun_anew() then
    return {}
end
local since = history.newest_claim()
local answer = history.forget_all(since, A.by, A.why)
table.insert(answer, 1, base.whole(since))
return answer
