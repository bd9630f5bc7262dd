-- drop: forget a dead letter whose brief is on record as held.
--
-- queue; ... = its id
-- Returns 1, or 0 when there is no such letter.
--
-- Atomic: the letter and its reason go together.
-- Flag: allow-oom
local id = ...
local found = redis.call('HEXISTS', base.key('DEAD_MESSAGES', A.queue), id)
dead_letters.forget(A.queue, id)
return found
