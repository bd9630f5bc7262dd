-- Decides what becomes of a brief that arrives: accepted, same, replaced or conflict (docs/decisions.md).
--
-- An arrival: id, account, batch (or none), priority, state, set = {field = text} with parts, source and content
-- (worker/briefs/equality.py), event = {type, more}, request_digest = the digest of older records (or none),
-- elsewhere = the state of the brief of another account that has its id, in another shard (or none)
local arrivals = {}

local key, record_of, fields_of, promotions_of = base.key, base.record_of, base.fields_of, base.promotions_of

-- How many replaced briefs are remembered, how many faults of each, and how many lines of their journal.
local MOST_EARLIER, MOST_FAULTS, MOST_LINES = 10, 3, 200

-- States of a brief that may have ended without having cost anything.
local FREE = {failed = true, cancelled = true}

-- The paths in which two tables of digests differ, in their order.
local function differing(ones, others)
    local paths = {}
    for path, digest in pairs(ones) do
        if others[path] ~= digest then
            paths[#paths + 1] = path
        end
    end
    for path in pairs(others) do
        if not ones[path] then
            paths[#paths + 1] = path
        end
    end
    table.sort(paths)
    return paths
end

-- The same as `differing`, for a record that is older than these digests.
local function differing_by_hand(known, arrival)
    local function said(of, account, batch, priority, request_digest)
        return {account = account, batch = batch, priority = priority, on_name_taken = of.on_name_taken,
            metadata = of.envelope, ['body, photo or choice'] = request_digest or of.faults}
    end
    local ones = said(known, known.account, known.batch, fair.priority_of(tonumber(known.place)), known.asked)
    local others = said(arrival.set, arrival.account, arrival.batch, arrival.priority, arrival.request_digest)
    if ones.account ~= others.account or ones.batch ~= others.batch then
        ones.metadata = others.metadata -- the envelope holds all three
    end
    return differing(ones, others)
end

-- Whether a brief on record is finished and has never cost anything.
function arrivals.has_cost_nothing(brief)
    local state, job = records.many(record_of(base.brief_subject(brief)), 'state', 'job_id')
    return FREE[state] and not job and journal.cost_nothing(brief)
end

-- What becomes of an arrival: accepted, same, replaced or conflict; the state of the brief that is on record, and the
-- paths in which they differ.
local function outcome_by_content(arrival)
    if arrival.elsewhere then
        return 'conflict', arrival.elsewhere, {'account'}
    end
    if not base.has_record(base.brief_subject(arrival.id)) then
        return 'accepted', '', {}
    end
    local known = fields_of(record_of(base.brief_subject(arrival.id)), 'state', 'parts', 'source', 'asked', 'faults', 'envelope',
        'account', 'batch', 'place', 'on_name_taken', 'job_id', 'inlet')
    if arrival.set.inlet and arrival.set.inlet ~= known.inlet then
        return 'conflict', known.state, {'inlet'} -- who may send by a further inlet alone changes nothing of others
    end
    local set, breaks_rules = arrival.set, arrival.state == 'failed'
    local paths
    if known.parts and set.parts then
        paths = differing(cjson.decode(known.parts), cjson.decode(set.parts))
    else
        paths = differing_by_hand(known, arrival)
    end
    -- What breaks rules here may have been accepted elsewhere: a worker that is older, or has other accounts.
    if #paths == 0 or (breaks_rules and set.source and known.source == set.source) then
        return 'same', known.state, {}
    end
    if breaks_rules or known.faults then
        paths = {} -- of what breaks rules there is nothing to compare
    end
    if arrivals.has_cost_nothing(arrival.id) then
        return 'replaced', known.state, paths
    end
    return 'conflict', known.state, paths
end

-- What becomes of an arrival, by its content and its sender. For a sender who sees only its own briefs, one that another
-- has sent is a conflict even if it is the same brief. A brief of an older version does not say who has sent it: it may
-- be replaced.
function arrivals.outcome_of(arrival)
    local outcome, state, paths = outcome_by_content(arrival)
    local sender = arrival.set.sender
    if sender and outcome ~= 'accepted' and not arrival.elsewhere then
        local known = records.get(record_of(base.brief_subject(arrival.id)), 'sender')
        if known ~= sender and (known or outcome ~= 'replaced') then
            return 'conflict', state, {'sender'}
        end
    end
    return outcome, state, paths
end

-- Delete the record of a brief that has cost nothing, and return the fields that the brief which replaces it takes over:
-- its history, and counts that go on, since no two events and no two attempts may have the same number.
function arrivals.make_way(brief)
    local subject = base.brief_subject(brief)
    local record = record_of(subject)
    local known = fields_of(record, 'state', 'batch', 'accepted_at', 'moved_at', 'error', 'faults', 'earlier', 'events', 'grants')
    local earlier = known.earlier and cjson.decode(known.earlier) or {}
    local faults = known.faults and cjson.decode(known.faults) or {}
    earlier[#earlier + 1] = {state = known.state, error = known.error, accepted_at = tonumber(known.accepted_at),
        ended_at = tonumber(known.moved_at), faults = faults[1] and {unpack(faults, 1, MOST_FAULTS)} or nil}
    while #earlier > MOST_EARLIER do
        table.remove(earlier, 1)
    end
    redis.call('ZREM', KEY.FINISHED, brief)
    if known.batch then
        redis.call('ZREM', key('BATCH', known.batch), brief)
    end
    for _, promotion in ipairs(promotions_of(brief)) do
        records.delete(record_of(promotion))
    end
    counts.leave(record, brief)
    records.delete(record)
    journal.write(brief, '"call":"replaced","subject":"' .. subject .. '","what":"' .. known.state .. '"}')
    redis.call('LTRIM', key('JOURNAL', brief), -MOST_LINES, -1)
    redis.call('PERSIST', key('JOURNAL', brief))
    return {earlier = cjson.encode(earlier), events = known.events, grants = known.grants}
end

-- Tell downstream of a brief in conflict, once for each message: if the worker is killed before the message is a dead
-- letter, the message is run again.
function arrivals.tell_conflict(arrival, redis_id, state, paths)
    if redis_id and redis.call('HSETNX', KEY.DEAD_LETTER_REASONS, redis_id, cjson.encode({at = call.now, error = 'another brief has its id'})) == 0 then
        return
    end
    local quoted = {}
    for n, path in ipairs(paths) do
        quoted[n] = cjson.encode(path)
    end
    local more = '"state":"' .. state .. '","differs":[' .. table.concat(quoted, ',') .. ']'
    if arrival.set.faults then
        more = more .. ',"faults":' .. arrival.set.faults
    end
    local id = arrival.id .. '/conflict-' .. redis.call('INCR', KEY.SEQUENCE)
    outbox.append(id, arrival.account, base.brief_subject(arrival.id), EVENT.conflict, arrival.set.envelope, more, arrival.set.trace)
end

return arrivals
