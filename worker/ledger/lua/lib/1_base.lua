-- What every script begins with: its arguments, the time, names of keys, small readers.
-- Before this stand KEY (config/keys.py), STATES and WAITS (worker/ledger/states.py), OUTCOMES (worker/ledger/outcomes.py) and
-- SETTING (settings).
--
-- ARGV[1]  the time in ms, in simulations; '' in production: then the server's own clock
-- ARGV[2]  the arguments, one JSON object
-- ARGV[3]  bytes that are no text, as a message's id may be
local NOW, NOW_AT_MOST -- the time, rounded down and up
if ARGV[1] == '' then
    local clock = redis.call('TIME')
    NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
    NOW_AT_MOST = clock[1] * 1000 + math.ceil(clock[2] / 1000)
else
    NOW, NOW_AT_MOST = tonumber(ARGV[1]), tonumber(ARGV[1])
end
local A = cjson.decode(ARGV[2])

local function key(name, ...)
    return string.format(KEY[name], ...)
end

local function record_of(subject)
    return key('RECORD', subject)
end

local function kind_of(subject)
    return string.match(subject, '^(%a+):')
end

-- A promotion's subject is its brief's id and a number: promotion:ID#N.
local function brief_of(subject)
    return string.match(subject, '^%a+:([^#]+)')
end

local function has_record(subject)
    return redis.call('HEXISTS', record_of(subject), 'state') == 1
end

-- Set a record's fields, given and own, in one command.
local function put(record, given, own)
    local flat = {}
    for field, text in pairs(own) do
        flat[#flat + 1] = field
        flat[#flat + 1] = text
    end
    for field, text in pairs(given or {}) do
        flat[#flat + 1] = field
        flat[#flat + 1] = text
    end
    redis.call('HSET', record, unpack(flat))
end

-- Whether a record's fields are still as they were read; '' is a field that is not there.
local function unchanged(record, fields)
    for field, text in pairs(fields or {}) do
        if (redis.call('HGET', record, field) or '') ~= text then
            return false
        end
    end
    return true
end

-- Whole numbers in full: Lua would write a time in ms as 1.7e+12.
local function whole(number)
    return string.format('%.0f', number)
end
