-- Records as one call sees them: each is read once, when it is first asked for, and what has changed of it is written
-- once, at the end of the call. All hashes of briefs, promotions and accounts are read and written here.
local records = {}

-- Of an account, which may have a weight for each of thousands of batches, the fields that decide are read together, in
-- three parts: what stops it, what limits it, and what it has learned and spent. A call seldom needs all.
local STOPS = {'halted', 'past', 'past_since', 'recounts', 'pause_until', 'pause_count', 'pause_full'}
local LIMITING = {'slots_seen', 'budget', 'working', 'working_until', 'virtual:0', 'newest:0', 'weight:'}
local LEARNED = {'spent', 'drafts_credits', 'drafts_made', 'drafts_ended'}
-- While a library is loaded Redis gives it no `ipairs`.
for n = 1, #LIMITS.names do
    LIMITING[#LIMITING + 1] = LIMITS.names[n]
end
for n = 1, #ENDPOINTS do
    STOPS[#STOPS + 1] = ENDPOINTS[n] .. '_until'
    STOPS[#STOPS + 1] = ENDPOINTS[n] .. '_count'
    STOPS[#STOPS + 1] = ENDPOINTS[n] .. '_full'
    LEARNED[#LEARNED + 1] = 'spent:' .. ENDPOINTS[n]
    LEARNED[#LEARNED + 1] = KINDS[KIND_OF[ENDPOINTS[n]]].duration .. '_ms'
    LEARNED[#LEARNED + 1] = KINDS[KIND_OF[ENDPOINTS[n]]].duration .. '_seen'
    LEARNED[#LEARNED + 1] = KINDS[KIND_OF[ENDPOINTS[n]]].duration .. '_told_ms'
end

-- The fields that each of them is read with.
local WITH = {}
local PARTS = {STOPS, LIMITING, LEARNED}
for part = 1, #PARTS do
    for n = 1, #PARTS[part] do
        WITH[PARTS[part][n]] = PARTS[part]
    end
end

local function is_account(record)
    local account = string.format(KEY.RECORD, 'account:')
    return string.sub(record, 1, #account) == account
end

-- Whatever an account's field is read with; a text that is known already, as it was changed, stays.
local function read_with(record, texts, field)
    local fields = WITH[field] or {field}
    local got = redis.call('HMGET', record, unpack(fields))
    for n, each in ipairs(fields) do
        if texts[each] == nil then
            texts[each] = got[n]
        end
    end
end

-- Any other record has some thirty fields, which are all read.
local function read_all(record)
    local texts, got = {}, redis.call('HGETALL', record)
    for n = 1, #got, 2 do
        texts[got[n]] = got[n + 1]
    end
    return texts
end

-- Stands for a text that was not read before it was changed.
local UNREAD = {}

local function change(row, field, text)
    local before = row.texts[field]
    if before == nil then
        before = not row.is_whole and UNREAD
    end
    if row.changed[field] == nil then
        row.changed[field] = before
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

-- Write what has changed so far now, for code that reads a record from Redis.
function records.write()
    local changed = {}
    for record, row in pairs(call.records or {}) do
        if next(row.changed) then
            changed[record] = row
        end
    end
    -- All are told before any is written: that may ask for more records, and no table may grow while it is gone through.
    for record, row in pairs(changed) do
        watching.told(record, row)
    end
    for record, row in pairs(call.records or {}) do
        write(record, row)
    end
end

-- What is known of a record: {texts = {field = text, or false where there is none}, changed = {field = text before},
-- is_whole = whether a field that is not known is not there}.
local function known(record)
    if not call.records then
        call.records = {}
        call.at_end[#call.at_end + 1] = records.write
    end
    local row = call.records[record]
    if not row then
        local is_whole = not is_account(record)
        row = {texts = is_whole and read_all(record) or {}, changed = {}, is_whole = is_whole}
        call.records[record] = row
    end
    return row
end

-- Returns the texts that are known: of an account only what was asked for.
function records.texts(record)
    return known(record).texts
end

-- Returns a field's text, false where there is none.
function records.get(record, field)
    local row = known(record)
    if row.texts[field] == nil and not row.is_whole then
        read_with(record, row.texts, field)
    end
    return row.texts[field] or false
end

-- Returns the texts of several fields, one by one.
function records.many(record, ...)
    local texts = {}
    for n, field in ipairs({...}) do
        texts[n] = records.get(record, field)
    end
    return unpack(texts)
end

-- Returns all that a record has: field, text, field, text, ...
function records.all(record)
    local flat = {}
    for field, text in pairs(known(record).texts) do
        if text then
            flat[#flat + 1] = field
            flat[#flat + 1] = text
        end
    end
    return flat
end

function records.is_known(record)
    return call.records and call.records[record] ~= nil
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

-- Whether a number is whole, and no larger than what Lua adds up exactly.
local function is_exact(number)
    return number == math.floor(number) and math.abs(number) < 2 ^ 50
end

-- Add to an amount, as exactly as Redis does.
function records.add_amount(record, field, amount)
    local before = tonumber(records.get(record, field)) or 0
    if is_exact(before) and is_exact(tonumber(amount)) then
        records.set(record, field, before + amount)
        return
    end
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
