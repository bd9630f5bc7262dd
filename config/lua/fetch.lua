-- fetch: take messages from a queue, on record as in this worker's hands.
--
-- KEYS[1] the queue   KEYS[2] its messages   KEYS[3] what this worker has in hand of it
-- ARGV[1] how many at the most
-- Returns id, message, id, message, ...
--
-- Atomic: a message is either in the queue or in somebody's hands. It stands in for Dramatiq's own fetch, which
-- returns no ids: without them a message that can't be read could not be put aside.
local taken = {}
for _ = 1, ARGV[1] do
    local id = redis.call('LPOP', KEYS[1])
    if not id then
        break
    end
    local message = redis.call('HGET', KEYS[2], id)
    if message then
        redis.call('SADD', KEYS[3], id)
        taken[#taken + 1] = id
        taken[#taken + 1] = message
    end
end
return taken
