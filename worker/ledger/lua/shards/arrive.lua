-- arrive: let an account begin in this shard, once all that was on record of it has come.
--
--   comer    the account
--   batches  those of its briefs
-- Returns 1.
--
-- Atomic, as is each call that may start somebody.
for _, batch in ipairs(A.batches) do
    batches.let_end(batch)
end
admission.admit(A.comer)
return 1
