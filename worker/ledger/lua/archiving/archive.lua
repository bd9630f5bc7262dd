-- archive: put on record what of a brief lies in the archive, and tell downstream.
--
--   brief     its id
--   when      {field = text} that must still hold ('' is a field that is not there)
--   archived  the text that is put on record
--   event     {type, more}
-- Returns applied; duplicate when the very same is on record; conflict when there is no such brief, or a field is not
-- as given: another archiver was first.
--
-- Atomic: of two archivers one learns that it must look again, and each change is told once. No state is changed,
-- so no step waits for it.
local subject = base.brief_subject(A.brief)
local record = base.record_of(subject)
if not base.has_record(subject) then
    return 'conflict'
end
if records.get(record, 'archived') == A.archived then
    return 'duplicate'
end
if not base.unchanged(record, A.when) then
    return 'conflict'
end
records.set(record, 'archived', A.archived)
outbox.emit(subject, A.event[1], A.event[2])
return 'applied'
