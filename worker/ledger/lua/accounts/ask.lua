-- ask: ask other listeners for some of their accounts, so that all have as many.
--
-- listener, accounts = at least one
-- Returns nothing. What is asked for is the asker's once it is given back, for as long as a dead listener is taken for
-- alive.
--
-- Atomic, so that no question is left without a lifetime.
listeners.ask(A.accounts, A.listener)
return 0
