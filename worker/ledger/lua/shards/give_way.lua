-- give_way: delete the record of a brief that has cost nothing, as another shard is to have another brief of its id.
--
--   id
--   inlet  the further inlet by which the other brief comes (or none): it changes nothing that came another way
-- Returns free when there is no such record any more, by this call or one before; none when there never was; otherwise
-- the state of the brief, which stays.
--
-- Atomic: the brief can't be brought back and bought in between.
local subject = base.brief_subject(A.id)
if not base.has_record(subject) then
    -- A write, so that replicas can confirm it, and with it what another run has done.
    return redis.call('PEXPIRE', base.key('JOURNAL', A.id), SETTING.keep_ms) == 1 and 'free' or 'none'
end
local state, inlet = records.many(base.record_of(subject), 'state', 'inlet')
if not arrivals.has_cost_nothing(A.id) or A.inlet and A.inlet ~= inlet then
    return state
end
arrivals.make_way(A.id)
redis.call('PEXPIRE', base.key('JOURNAL', A.id), SETTING.keep_ms)
return 'free'
