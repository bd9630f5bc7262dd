-- Stages of briefs that have ended, of which spans are made (worker/traces): on record with the very move that has ended
-- them, so that no worker's death loses one. Only where traces are wanted.
local stages = {}

local key, record_of, kind_of, brief_of = base.key, base.record_of, base.kind_of, base.brief_of

-- Whether spans are wanted of what is a part of a trace ('' for none): the last bit of a traceparent says that it is
-- sampled.
local function is_wanted(trace)
    return trace ~= '' and tonumber(string.sub(trace, -1), 16) % 2 == 1
end

local function put(stage)
    redis.call('XADD', KEY.SPANS, 'MAXLEN', '~', SETTING.most_spans, '*', 'span', cjson.encode(stage))
end

-- A record has left a state in which it was for so many ms; of one that has just come there is no state before. With a
-- brief's end all that it was, from its message on, is a stage as well.
function stages.ended(subject, account, from, to, ms)
    if not SETTING.traces then
        return
    end
    local record, kind, brief = record_of(subject), kind_of(subject), brief_of(subject)
    local trace = records.get(record, 'trace') or ''
    if not is_wanted(trace) then
        return
    end
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
    if told.lacked then
        records.forget(record, 'lacked')
    end
    if not base.product_of(subject).parent and STATES[kind][to].final then
        stage('whole', math.min(tonumber(accepted_at) or call.now, tonumber(sent_at) or call.now))
    end
end

-- Add to what a record waits for: by what it lacks now, or as others come first.
local function note_lacking(account, endpoint, subject)
    local record = record_of(subject)
    local score = redis.call('ZSCORE', key('WAITING', account, endpoint), subject)
    if not score or not is_wanted(records.get(record, 'trace') or '') then
        return
    end
    local before = records.get(record, 'lacked') or ''
    local words = before
    local function add(what)
        if not string.find(',' .. words .. ',', ',' .. what .. ',', 1, true) then
            words = words == '' and what or words .. ',' .. what
        end
    end
    local missing = lacking.of(account, endpoint, subject)
    for _, each in ipairs(missing) do
        add(each.what)
    end
    if #missing == 0 then
        add('turn')
    end
    if words ~= before then
        records.set(record, 'lacked', words)
    end
end

-- Note what those lack that wait since this call, and whoever comes first.
function stages.note_waiting(account)
    if not SETTING.traces then
        return
    end
    for _, moved in ipairs(call.told or {}) do
        local kind, _, subject, of, _, state = unpack(moved)
        if of == account and KINDS[kind].waits == state then
            note_lacking(account, KINDS[kind].endpoint, subject)
        end
    end
    for _, endpoint in ipairs(ENDPOINTS) do
        local first = redis.call('ZRANGE', key('WAITING', account, endpoint), 0, 0)[1]
        if first and base.has_record(first) then
            note_lacking(account, endpoint, first)
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
