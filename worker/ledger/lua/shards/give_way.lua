-- give_way: take a brief off the record that has cost nothing, as another shard is to have another one of its id.
--
-- id
-- Returns free when it is off the record, by this call or one before, none when there was none; else the state of the
-- brief, which stays.
--
-- Atomic, so that it can't be brought back and bought in between.
local subject = base.brief_subject(A.id)
if not base.has_record(subject) then
    return redis.call('EXISTS', base.key('JOURNAL', A.id)) == 1 and 'free' or 'none'
elseif not arrivals.has_cost_nothing(A.id) then
    return records.get(base.record_of(subject), 'state')
end
arrivals.make_way(A.id)
redis.call('PEXPIRE', base.key('JOURNAL', A.id), SETTING.keep_ms)
return 'free'
