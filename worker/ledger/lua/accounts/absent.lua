-- absent: pause an account that a worker was asked to work for and has no token of, if no listener has one either.
--
-- account
-- Returns 1 when it is paused for that, 0 when a listener follows it, or it is paused for something else.
--
-- Atomic: an account that a listener takes meanwhile, or that a worker configures, is not paused after that.
return token_changes.pause_absent(A.account) and 1 or 0
