-- The states that a record was in, with what it waited for in them: on the record for people (field `stays`), and, where
-- traces are wanted, for the spans that are made of them (worker/traces). Each is written with the very move that ends
-- it, so that no worker's death loses one.
local stages = {}

-- Stages of less than so many ms are kept for nobody to look at; nor more of a record than so many characters.
local LEAST_MS, MOST_TEXT = 1000, 2000
-- Of those who wait as an account is paused, how many are noted to have met that.
local MOST_PAUSED = 100

local key, record_of, kind_of, brief_of = base.key, base.record_of, base.kind_of, base.brief_of

-- Whether spans are wanted of what is a part of a trace ('' for none): the last bit of a traceparent says that it is
-- sampled.
local function is_wanted(trace)
    return trace ~= '' and tonumber(string.sub(trace, -1), 16) % 2 == 1
end

local function put(stage)
    redis.call('XADD', KEY.SPANS, 'MAXLEN', '~', SETTING.most_spans, '*', 'span', cjson.encode(stage))
end

-- Keep for people how long a record was in a state, and what it has lacked there.
local function keep(record, from, ms)
    local before, lacked = records.many(record, 'stays', 'lacked')
    if ms < LEAST_MS or #(before or '') > MOST_TEXT then
        return
    end
    local stay = from .. ' ' .. base.whole(call.now - ms) .. ' ' .. base.whole(ms) .. ' ' .. string.gsub(lacked or '', ' ', '-')
    records.set(record, 'stays', before and before .. ';' .. stay or stay)
end

-- Note that a record has left a state in which it was for so many ms (none if it has just come). When a brief ends, the
-- whole time since its message was sent is a stage as well.
function stages.ended(subject, account, from, to, ms)
    local record = record_of(subject)
    local waited = from and not STATES[kind_of(subject)][from].final
    if waited then
        keep(record, from, ms)
    end
    if SETTING.traces and is_wanted(records.get(record, 'trace') or '') then
        stages.tell(subject, account, from, to, ms)
    end
    if waited and records.get(record, 'lacked') then
        records.forget(record, 'lacked')
    end
end

-- Put a stage on record of which a span is made.
function stages.tell(subject, account, from, to, ms)
    local record, kind, brief = record_of(subject), kind_of(subject), brief_of(subject)
    local trace = records.get(record, 'trace')
    local of_brief = record_of(base.brief_subject(brief))
    local accepted_at, sent_at, inlet = records.many(of_brief, 'accepted_at', 'sent_at', 'inlet')
    local told = base.fields_of(record, 'error', 'job_id', 'identity_code', 'preprocessing_job_id', 'grants', 'lacked')
    local function stage(name, since)
        put({stage = name, to = to, subject = subject, brief = brief, account = account, from_ms = since, to_ms = call.now,
            trace = trace, accepted_at = tonumber(accepted_at) or call.now, sent_at = tonumber(sent_at) or nil,
            inlet = inlet or nil, told = next(told) and told or nil})
    end
    if from and not STATES[kind][from].final then
        stage(from, call.now - ms)
    elseif not from and kind == kind_of(base.brief_subject(brief)) and sent_at then
        stage('sent', math.min(call.now, tonumber(sent_at)))
    end
    if not base.product_of(subject).parent and STATES[kind][to].final then
        stage('whole', math.min(tonumber(accepted_at) or call.now, tonumber(sent_at) or call.now))
    end
end

-- Add to what a record has lacked while it waits.
local function add(subject, what)
    local record = record_of(subject)
    local words = records.get(record, 'lacked') or ''
    if not string.find(',' .. words .. ',', ',' .. what .. ',', 1, true) then
        records.set(record, 'lacked', words == '' and what or words .. ',' .. what)
    end
end

-- The same with all that it lacks now; if it lacks nothing itself, others come first.
local function add_all(account, endpoint, subject)
    local missing = lacking.of(account, endpoint, subject)
    for _, each in ipairs(missing) do
        add(subject, each.what)
    end
    if #missing == 0 then
        add(subject, 'turn')
    end
end

-- Those who wait since this call lack what keeps the first in line from starting, which is known already.
local function note_begun(account)
    for _, moved in ipairs(call.told or {}) do
        local kind, _, subject, of, _, state = unpack(moved)
        local over = call.granted and call.granted[subject] or call.held_back and call.held_back[subject]
        if of == account and KINDS[kind].waits == state and not over then
            local endpoint = KINDS[kind].endpoint
            local what = call.wanting and call.wanting[account .. ' ' .. endpoint] or 'turn'
            if what == '' or SETTING.traces then
                add_all(account, endpoint, subject)
            else
                add(subject, what)
            end
        end
    end
end

-- Note what each record lacks that waits since this call, or is held back by its batch. If the account has just been
-- paused, note that for many that wait already. Where traces are wanted, note each time what the first in line lacks: it
-- may lack one thing after the other.
function stages.note_waiting(account)
    note_begun(account)
    for subject, what in pairs(call.held_back or {}) do
        add(subject, what)
    end
    for _, endpoint in ipairs(ENDPOINTS) do
        local paused = call.paused and call.paused[endpoint]
        local last = paused and MOST_PAUSED - 1 or SETTING.traces and 0
        for _, subject in ipairs(last and redis.call('ZRANGE', key('WAITING', account, endpoint), 0, last) or {}) do
            if base.has_record(subject) and SETTING.traces then
                add_all(account, endpoint, subject)
            elseif base.has_record(subject) then
                add(subject, paused)
            end
        end
    end
end

-- A message to an endpoint of webhooks was taken, or is given up: `text` is the event, `line` what the log says of it.
function stages.delivered(name, row, text, outcome, line)
    -- Of the event itself: what stands in its data is metadata, which may be called so too.
    local trace = text and string.match(text, '^{[^{]*"traceparent":"(%x%x%-%x+%-%x+%-%x%x)"') or ''
    if SETTING.traces and text and is_wanted(trace) then
        put({stage = 'delivery', to = outcome, hook = name, event = text, line = line, tries = row.tries, trace = trace,
            from_ms = row.since or call.now, to_ms = call.now})
    end
end

return stages
