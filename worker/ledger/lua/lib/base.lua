-- Names of keys, and small readers and writers of records, for every other module.
local base = {}

function base.key(name, ...)
    return string.format(KEY[name], ...)
end

-- Asked for some twenty times in a call, mostly of the same.
function base.record_of(subject)
    call.names = call.names or {}
    local name = call.names[subject]
    if not name then
        name = base.key('RECORD', subject)
        call.names[subject] = name
    end
    return name
end

function base.kind_of(subject)
    return string.match(subject, '^(%a+):')
end

-- Stands for a kind that a newer version has put on record and this one does not know: it has no states here.
local OTHER = {cost = 0}

-- The row of a subject's kind (worker/ledger/kinds.py).
function base.product_of(subject)
    return KINDS[base.kind_of(subject)] or OTHER
end

-- What a subject's job costs; nil where that is learned from jobs. The price of an import is published nowhere.
function base.cost_of(subject)
    local cost = base.product_of(subject).cost
    return cost and records.get(base.record_of(subject), 'photo') and 0 or cost
end

-- The row of the kind that waits for an endpoint; nil for any other name.
function base.product_at(endpoint)
    return KINDS[KIND_OF[endpoint]]
end

function base.brief_subject(brief)
    return 'brief:' .. brief
end

-- A promotion's subject is its brief's id and a number: promotion:ID#N.
function base.promotion_subject(brief, number)
    return 'promotion:' .. brief .. '#' .. number
end

function base.brief_of(subject)
    return string.match(subject, '^%a+:([^#]+)')
end

-- The name of a subject's newest paid call: SUBJECT/NUMBER, which no record has as its subject.
function base.attempt_of(subject)
    return subject .. '/' .. (records.get(base.record_of(subject), 'grants') or 0)
end

function base.has_record(subject)
    return records.get(base.record_of(subject), 'state') ~= false
end

-- Set a record's fields, given and own, in one command.
function base.put(record, given, own)
    local flat = {}
    for field, text in pairs(own) do
        flat[#flat + 1] = field
        flat[#flat + 1] = text
    end
    for field, text in pairs(given or {}) do
        flat[#flat + 1] = field
        flat[#flat + 1] = text
    end
    records.set(record, unpack(flat))
end

-- Whether a record's fields are still as they were read; '' is a field that is not there.
function base.unchanged(record, fields)
    for field, text in pairs(fields or {}) do
        if (records.get(record, field) or '') ~= text then
            return false
        end
    end
    return true
end

-- Whole numbers in full: Lua would write a time in ms as 1.7e+12.
function base.whole(number)
    return string.format('%.0f', number)
end

-- Returns {name = text} of those of a record's fields that are there.
function base.fields_of(record, ...)
    local names, got = {...}, {records.many(record, ...)}
    local of = {}
    for n, name in ipairs(names) do
        of[name] = got[n] or nil
    end
    return of
end

-- The subjects of a brief's promotions, in their order.
function base.promotions_of(brief)
    local subjects = {}
    for n = 0, (tonumber(records.get(base.record_of(base.brief_subject(brief)), 'promotions')) or 0) - 1 do
        subjects[#subjects + 1] = base.promotion_subject(brief, n)
    end
    return subjects
end

-- Whether a record of a kind that is known is finished in a state.
function base.is_final(kind, state)
    return base.is_known(kind, state) and STATES[kind][state].final
end

-- During a deploy, a newer version may have put on record what this one does not know.
function base.is_known(kind, state)
    local states = STATES[kind]
    return states and (not state or states[state])
end

return base
