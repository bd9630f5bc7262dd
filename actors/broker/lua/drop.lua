-- drop: forget a dead letter whose brief is on record as held.
--
-- queue; ... = its id
-- Returns 1, or 0 when there is no such dead letter.
--
-- Atomic: it and its reason go together.
-- Flag: allow-oom
local id = ...
local found = redis.call('HEXISTS', base.key('DEAD_LETTER_TEXTS', A.queue), id)
dead_letters.forget(A.queue, id)
return found
