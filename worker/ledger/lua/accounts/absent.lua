-- absent: pause an account of which neither this worker has a token nor any listener.
--
--   account  for which the worker was given a step
-- Returns 1 when it is paused for that, 0 when a listener follows it, or it is paused for something else.
--
-- Atomic: an account that a listener takes meanwhile, or that a worker is given, is not paused after that.
return token_changes.pause_absent(A.account) and 1 or 0
