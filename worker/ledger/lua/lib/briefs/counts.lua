-- Two things that readers would otherwise have to go through every record for: the index of all briefs on record, and
-- how many briefs of each account are in which state. Each record says as what it is counted. So a brief that an older
-- version has put on record or moved is counted rightly with its next move.
local counts = {}

local key, record_of, whole = base.key, base.record_of, base.whole

-- Bytes of a cause, and finished briefs that one end of a brief takes off the record.
local MOST_BYTES, MOST_GONE = 60, 100

-- From this length on, a word with a digit is taken to be the ID of a job or an identity, which no two causes share.
local ID_LENGTH, LEFT_OUT = 8, '…'

-- The fields that say where a brief stands.
local WHERE = {'state', 'batch', 'error', 'question', 'judging'}

-- Whether a rule has yet to look at a brief's drafts.
function counts.is_judging(texts)
    return texts.state == 'choosing' and texts.judging and true or false
end

local function shortened(cause)
    cause = string.gsub(cause, '[%w_-]+', function(word)
        return #word >= ID_LENGTH and string.find(word, '%d') and LEFT_OUT or word
    end)
    if #cause <= MOST_BYTES then
        return cause
    end
    return string.gsub(string.sub(cause, 1, MOST_BYTES), '[\128-\255]+$', '') .. LEFT_OUT
end

-- What went wrong, or is asked, in a few words that many have in common: the API's status, or the words before details.
-- Of one that is chosen from, whether a rule has yet to look: those wait for no person.
local function cause_of(texts)
    if counts.is_judging(texts) then
        return OUTCOMES.judging
    end
    local said = texts.state == 'failed' and texts.error or texts.state == 'held' and texts.question
    if not said then
        return ''
    end
    return shortened(string.match(said, '^%d%d%d%f[%D]') or string.match(said, '^[^:;]*'))
end

-- How often an account's briefs were counted anew: what was counted before that is nothing any more.
local function round_of(account)
    return records.get(record_of('account:' .. account), 'recounts') or '0'
end

-- `is_counted`: the brief is in another place of the account's counts until now.
local function add(account, place, is_counted)
    if redis.call('HINCRBY', key('COUNTS', account), place, 1) == 1 and not is_counted then
        redis.call('SADD', KEY.COUNTED, account)
    end
end

-- `counted` is ROUND:STATE:CAUSE:BATCH, as which a brief is counted. Returns whether it was, in this round.
local function is_of_round(account, counted)
    return counted and string.match(counted, '^%d+') == round_of(account)
end

-- Returns whether nothing is left in the place that a brief leaves.
local function take_from(account, counted)
    local place = string.match(counted, '^%d+:(.*)$')
    if redis.call('HINCRBY', key('COUNTS', account), place, -1) > 0 then
        return false
    end
    redis.call('HDEL', key('COUNTS', account), place)
    return true
end

-- A brief is counted no more.
local function take(account, counted)
    if is_of_round(account, counted) and take_from(account, counted)
        and redis.call('EXISTS', key('COUNTS', account)) == 0 then
        redis.call('SREM', KEY.COUNTED, account)
    end
end

-- Keep the index of the briefs at whose drafts a rule has yet to look.
local function follow_judging(account, brief, texts, was)
    if counts.is_judging(texts) then
        redis.call('ZADD', key('JUDGING', account), 'NX', whole(call.now), brief)
    elseif was and string.match(was, '^%d+:%a+:([^:]*)') == OUTCOMES.judging then
        redis.call('ZREM', key('JUDGING', account), brief)
    end
end

-- Count a brief where its record says that it stands.
function counts.count(record, brief, texts)
    local account, was = texts.account, texts.counted or nil
    local place = texts.state .. ':' .. cause_of(texts) .. ':' .. (texts.batch or '')
    local now = round_of(account) .. ':' .. place
    if not was then
        redis.call('ZADD', KEY.BRIEFS, texts.accepted_at, brief)
    end
    follow_judging(account, brief, texts, was)
    if was == now then
        return
    end
    -- First where it goes: so the account is among those of whose briefs there are any, whatever it leaves.
    local is_counted = is_of_round(account, was)
    add(account, place, is_counted)
    if is_counted then
        take_from(account, was)
    end
    records.set(record, 'counted', now)
    local kind = base.kind_of(base.brief_subject(brief))
    if base.is_final(kind, texts.state) then
        redis.call('HSET', KEY.FINISHED_AS, brief, cjson.encode({account, now}))
    elseif was and base.is_final(kind, string.match(was, '^%d+:(%a+)')) then
        redis.call('HDEL', KEY.FINISHED_AS, brief)
    end
end

-- Called before a record is written that has changed.
function counts.follow(record, row)
    local prefix = record_of(base.brief_subject(''))
    if string.sub(record, 1, #prefix) ~= prefix or not row.texts.state or not row.texts.accepted_at then
        return -- no brief, or nothing of it is on record any more
    end
    local moved = not row.texts.counted
    for _, field in ipairs(WHERE) do
        moved = moved or row.changed[field] ~= nil
    end
    if moved then
        counts.count(record, string.sub(record, #prefix + 1), row.texts)
    end
end
records.watch(counts.follow)

-- A brief is taken off the record, which is still there.
function counts.leave(record, brief)
    local account, counted = records.many(record, 'account', 'counted')
    if counted then
        take(account, counted)
    end
    follow_judging(account, brief, {}, counted)
    redis.call('HDEL', KEY.FINISHED_AS, brief)
    redis.call('ZREM', KEY.BRIEFS, brief)
end

-- A finished brief is off the record: its record has ended.
function counts.forget(brief)
    local as = redis.call('HGET', KEY.FINISHED_AS, brief)
    if as then
        take(unpack(cjson.decode(as)))
        redis.call('HDEL', KEY.FINISHED_AS, brief)
    end
    redis.call('ZREM', KEY.FINISHED, brief)
    redis.call('ZREM', KEY.BRIEFS, brief)
end

-- Forget those whose records have ended by now. Of very many only some, so that no call takes long: others follow.
function counts.trim()
    local ended = whole(call.now - SETTING.keep_ms)
    for _, brief in ipairs(redis.call('ZRANGEBYSCORE', KEY.FINISHED, '-inf', ended, 'LIMIT', 0, MOST_GONE)) do
        counts.forget(brief)
    end
end

-- Put right what is counted of a brief, and where it stands in the index.
function counts.recount(brief)
    local record = record_of(base.brief_subject(brief))
    if not base.has_record(base.brief_subject(brief)) then
        if not redis.call('ZSCORE', KEY.UNFINISHED, brief) then
            counts.forget(brief)
        end
        return
    end
    local texts = records.texts(record)
    counts.count(record, brief, texts)
    redis.call('ZADD', KEY.BRIEFS, texts.accepted_at, brief)
end

-- Count an account's briefs anew: each is when it is moved or recounted.
function counts.begin_anew(account)
    redis.call('DEL', key('COUNTS', account))
    records.add(record_of('account:' .. account), 'recounts', 1)
end

return counts
