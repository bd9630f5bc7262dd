-- drop: forget a dead letter whose brief is on record as held.
--
-- queue, ARGV[2]
-- Returns 1, or 0 when there is no such letter.
--
-- Atomic: the letter and its reason go together.
local found = redis.call('HEXISTS', queue_key(A.queue) .. '.XQ.msgs', ID)
forget(A.queue, ID)
return found
