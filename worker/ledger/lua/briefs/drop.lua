-- drop: free the permit and slots of a subject whose record is gone, as its job is known to be over.
--
--   account, subject
-- Returns 1 when they are free, 0 when there is a record: then that decides.
--
-- Atomic: a record that is there again keeps its permit, and whoever waited for the permit starts.
if base.has_record(A.subject) then
    return 0
end
orphans.forget(A.account, A.subject)
admission.admit(A.account)
return 1
