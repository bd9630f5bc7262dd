-- Records as one call sees them: each is read once, when it is first asked for, and what has changed of it is written
-- once, at the end of the call. All hashes of briefs, promotions and accounts are read and written here.
local records = {}

-- The fields that decide, which are read together; any other is read by itself when it is asked for.
local FIELDS = {
    'state', 'account', 'batch', 'place', 'need', 'grants', 'granted_at', 'claim', 'hinted', 'message', 'noted_at',
    'moved_at', 'left', 'accepted_at', 'envelope', 'events', 'content', 'variations', 'wish', 'wish_why', 'job_id',
    'credits_used', 'credits_counted', 'promotions', 'unfinished', 'promotion_grants', 'identity_code', 'outcome',
    'question', 'evidence', 'candidate_jobs', 'error', 'call_ended', 'told_at', 'name', 'on_name_taken', 'counted',
    'photo', 'judging', 'trace',
}
local ACCOUNT_FIELDS = {
    'slots_seen', 'budget', 'working', 'working_until', 'pause_until', 'pause_count', 'pause_full', 'spent', 'drafts_credits',
    'drafts_made', 'drafts_ended', 'virtual:0', 'newest:0', 'weight:', 'recounts', 'halted', 'past',
    'past_since',
}
-- While a library is loaded Redis gives it no `ipairs`.
for n = 1, #LIMITS.names do
    ACCOUNT_FIELDS[#ACCOUNT_FIELDS + 1] = LIMITS.names[n]
end
for n = 1, #ENDPOINTS do
    ACCOUNT_FIELDS[#ACCOUNT_FIELDS + 1] = ENDPOINTS[n] .. '_until'
    ACCOUNT_FIELDS[#ACCOUNT_FIELDS + 1] = ENDPOINTS[n] .. '_count'
    ACCOUNT_FIELDS[#ACCOUNT_FIELDS + 1] = ENDPOINTS[n] .. '_full'
    ACCOUNT_FIELDS[#ACCOUNT_FIELDS + 1] = 'spent:' .. ENDPOINTS[n]
    ACCOUNT_FIELDS[#ACCOUNT_FIELDS + 1] = KINDS[KIND_OF[ENDPOINTS[n]]].duration .. '_ms'
    ACCOUNT_FIELDS[#ACCOUNT_FIELDS + 1] = KINDS[KIND_OF[ENDPOINTS[n]]].duration .. '_seen'
    ACCOUNT_FIELDS[#ACCOUNT_FIELDS + 1] = KINDS[KIND_OF[ENDPOINTS[n]]].duration .. '_told_ms'
end

local function fields_of(record)
    local account = string.format(KEY.RECORD, 'account:')
    return string.sub(record, 1, #account) == account and ACCOUNT_FIELDS or FIELDS
end

-- Stands for a text that was not read before it was changed.
local UNREAD = {}

local function change(row, field, text)
    local before = row.texts[field]
    if row.changed[field] == nil then
        row.changed[field] = before == nil and UNREAD or before
    end
    row.texts[field] = text
end

-- Who is told of a record before it is written: what follows from its change is written with it.
local watching = {}

function records.watch(told)
    watching.told = told
end

-- Write what has changed of a record: fields that were set, and those that were removed.
local function write(record, row)
    local set, gone = {}, {}
    for field, before in pairs(row.changed) do
        local text = row.texts[field]
        if text and text ~= before then
            set[#set + 1] = field
            set[#set + 1] = text
        elseif text ~= before then
            gone[#gone + 1] = field
        end
    end
    row.changed = {}
    if #set > 0 then
        redis.call('HSET', record, unpack(set))
    end
    if #gone > 0 then
        redis.call('HDEL', record, unpack(gone))
    end
end

local function told_and_written(record, row)
    if next(row.changed) then
        watching.told(record, row)
    end
    write(record, row)
end

-- Write what has changed so far, for whoever reads a record by itself.
function records.write()
    local changed = {}
    for record, row in pairs(call.records or {}) do
        if next(row.changed) then
            changed[record] = row
        end
    end
    -- Told of them all before: it may ask for more records, and no table may grow while it is gone through.
    for record, row in pairs(changed) do
        watching.told(record, row)
    end
    for record, row in pairs(call.records or {}) do
        write(record, row)
    end
end

-- What is known of a record: {texts = {field = text, or false where there is none}, changed = {field = text before}}.
local function known(record)
    if not call.records then
        call.records = {}
        call.at_end[#call.at_end + 1] = records.write
    end
    local row = call.records[record]
    if not row then
        row = {texts = {}, changed = {}}
        local fields = fields_of(record)
        local got = redis.call('HMGET', record, unpack(fields))
        for n, field in ipairs(fields) do
            row.texts[field] = got[n]
        end
        call.records[record] = row
    end
    return row
end

-- Returns the texts that are known: at least those of the fields that decide.
function records.texts(record)
    return known(record).texts
end

-- Returns a field's text, false where there is none.
function records.get(record, field)
    local texts = known(record).texts
    if texts[field] == nil then
        texts[field] = redis.call('HGET', record, field)
    end
    return texts[field]
end

-- Returns the texts of several fields, one by one.
function records.many(record, ...)
    local texts = {}
    for n, field in ipairs({...}) do
        texts[n] = records.get(record, field)
    end
    return unpack(texts)
end

-- Set fields, given as field, text, field, text, ...
function records.set(record, ...)
    local row, given = known(record), {...}
    for n = 1, #given, 2 do
        local text = type(given[n + 1]) == 'number' and string.format('%.17g', given[n + 1]) or given[n + 1]
        change(row, given[n], text)
    end
end

-- Add to a whole number; returns the sum.
function records.add(record, field, number)
    local sum = (tonumber(records.get(record, field)) or 0) + number
    records.set(record, field, sum)
    return sum
end

-- Add to an amount, as exactly as Redis does.
function records.add_amount(record, field, amount)
    local row = known(record)
    if row.changed[field] ~= nil then
        told_and_written(record, row)
    end
    row.texts[field] = redis.call('HINCRBYFLOAT', record, field, amount)
end

function records.forget(record, ...)
    local row = known(record)
    for _, field in ipairs({...}) do
        change(row, field, false)
    end
end

-- Have PEXPIRE or PERSIST done: not before a record is there that is made in this call.
function records.lifetime(record, command, ...)
    if call.records and call.records[record] then
        told_and_written(record, call.records[record])
    end
    redis.call(command, record, ...)
end

function records.delete(record)
    known(record)
    call.records[record] = nil
    redis.call('DEL', record)
end

return records
