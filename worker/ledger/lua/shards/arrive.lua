-- arrive: let an account begin where it has come with all that was on record of it.
--
-- comer = the account, batches = those of its briefs
-- Returns 1.
--
-- Atomic, as each call that may start somebody is.
for _, batch in ipairs(A.batches) do
    batches.let_end(batch)
end
admission.admit(A.comer)
return 1
