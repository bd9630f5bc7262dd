-- ask: ask other listeners for some of their accounts, so that all have as many.
--
--   listener  who asks
--   accounts  at least one
-- Returns nothing. An account that its listener gives back is kept for the one that asked, for as long as a dead
-- listener is taken for alive.
--
-- Atomic, so that no question is left without a lifetime.
listeners.ask(A.accounts, A.listener)
return 0
