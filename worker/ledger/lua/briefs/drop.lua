-- drop: free the permit and slots of a subject whose record is gone, as its job is known to be over.
--
-- account, subject
-- Returns 1 when it was dropped, 0 when it has a record: then that decides.
--
-- Atomic, so that a record that is there again keeps its permit, and who waited for the permit starts.
if base.has_record(A.subject) then
    return 0
end
orphans.forget(A.account, A.subject)
admission.admit(A.account)
return 1
