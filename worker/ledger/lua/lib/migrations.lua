-- The steps by which a ledger of an older schema becomes one of the present schema; config/recorded/schema.py has their table. One
-- call does a piece of one step and keeps, in the same write, where the next piece begins: whoever is killed or comes
-- second does no harm, and any process goes on.
local migrations = {}

local whole = base.whole

-- Records that a piece goes through: some milliseconds of the server.
local PIECE = 100

-- What a piece does, by its name in the table. It is given where it begins (nil: at the beginning), and returns where the
-- next one does (nil: there is none), how many records it has been through, and how many of them it has mended.
local pieces = {}

-- What older processes have left behind where a step was through, in a few letters that change with it.
local left = {}

-- The next members of a sorted set after the one that a cursor names, or after its place if that is gone. Not by a SCAN,
-- whose cursor means nothing to a server that was restarted.
local function page(set, cursor)
    local first = 0
    if cursor.member then
        local rank = redis.call('ZRANK', set, cursor.member)
        first = rank and rank + 1 or redis.call('ZCOUNT', set, '-inf', '(' .. cursor.score)
    end
    return redis.call('ZRANGE', set, first, first + PIECE - 1)
end

-- Schema 2: releases before kept no count and no index of the briefs that they moved, did not free what of an account's
-- budget was reserved for them, and kept for ever what they had bought.
local LISTS = {KEY.UNFINISHED, KEY.FINISHED, KEY.BRIEFS}

local function count_again(brief, record)
    local counted, indexed = records.get(record, 'counted'), redis.call('ZSCORE', KEY.BRIEFS, brief)
    counts.recount(brief)
    return counted ~= records.get(record, 'counted') or indexed ~= redis.call('ZSCORE', KEY.BRIEFS, brief)
end

-- Free what is still reserved for a subject that is finished.
local function free(subject)
    local state, account, batch = records.many(base.record_of(subject), 'state', 'account', 'batch')
    if not state or not base.is_final(base.kind_of(subject), state)
        or not budget.is_reserved(account, subject, batch) then
        return false
    end
    budget.take_reservation(account, subject, batch)
    return true
end

local function let_content_end(brief, record)
    local content = records.get(record, 'content')
    if not content or not redis.call('ZSCORE', KEY.FINISHED, brief)
        or redis.call('PTTL', base.key('CONTENT', content)) ~= -1 then
        return false
    end
    return redis.call('PEXPIRE', base.key('CONTENT', content), SETTING.content_ms) == 1
end

local function mend(brief)
    local subject = base.brief_subject(brief)
    local record = base.record_of(subject)
    local is_mended = count_again(brief, record)
    is_mended = let_content_end(brief, record) or is_mended
    is_mended = free(subject) or is_mended
    for _, promotion in ipairs(base.promotions_of(brief)) do
        is_mended = free(promotion) or is_mended
    end
    return is_mended
end

local function is_listed(brief)
    return redis.call('ZSCORE', KEY.UNFINISHED, brief) or redis.call('ZSCORE', KEY.FINISHED, brief)
end

function pieces.count_briefs(cursor)
    cursor = cursor or {list = 1}
    local set = LISTS[cursor.list]
    local briefs = page(set, cursor)
    local last, mended = briefs[#briefs], 0
    local score = last and redis.call('ZSCORE', set, last)
    for _, brief in ipairs(briefs) do
        -- Of the last list only those are left that the others do not have.
        if set ~= KEY.BRIEFS or not is_listed(brief) then
            mended = mended + (mend(brief) and 1 or 0)
        end
    end
    if #briefs == PIECE then
        return {list = cursor.list, member = last, score = score}, #briefs, mended
    end
    return LISTS[cursor.list + 1] and {list = cursor.list + 1}, #briefs, mended
end

function left.count_briefs()
    local finished = redis.call('ZCARD', KEY.FINISHED)
    local indexed = redis.call('ZCARD', KEY.BRIEFS) - redis.call('ZCARD', KEY.UNFINISHED) - finished
    return whole(indexed) .. ':' .. whole(finished - redis.call('HLEN', KEY.FINISHED_AS))
end

-- The step that is to be done next, of one whose ledger is of a schema; nil where it is of the present one.
local function step_after(number)
    for _, step in ipairs(SCHEMA_STEPS) do
        if step.number > number then
            return step
        end
    end
end

-- What is left to do, of all steps.
local function what_is_left()
    local found = {}
    for _, step in ipairs(SCHEMA_STEPS) do
        found[#found + 1] = left[step.piece] and left[step.piece]() or ''
    end
    return table.concat(found, ' ')
end

-- The schema that this release makes of a ledger.
local function newest()
    return SCHEMA_STEPS[#SCHEMA_STEPS].number
end

-- Whether all steps are to be done once more: older processes may have gone on, until a pass finds nothing to mend; and
-- they have done so where something is left. What a pass that mended nothing has left, another one would leave as well.
local function is_due_again(ended_at, mended, seen)
    if call.now - ended_at < SETTING.schema_again_ms then
        return false
    end
    return mended > 0 or what_is_left() ~= seen
end

-- Whether processes that a step shuts out have called a function of late; the name of their library tells.
local function are_older_at_work(oldest)
    if oldest <= 1 then
        return false
    end
    local since = whole(call.now - SETTING.schema_quiet_ms)
    for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEY.LIBRARIES, since, '+inf')) do
        local number = string.match(name, '_ledger(%d*)_%w+$')
        if number and (tonumber(number) or 1) < oldest then
            return true
        end
    end
    return false
end

-- Whether a ledger of no schema on record never had a brief either, of any release.
local function is_empty()
    return redis.call('EXISTS', KEY.SCHEMA, unpack(LISTS)) == 0
end

-- The step that shuts out the most.
local function strictest()
    local found = SCHEMA_STEPS[1]
    for _, step in ipairs(SCHEMA_STEPS) do
        found = step.oldest > found.oldest and step or found
    end
    return found
end

-- Begin a new ledger at the newest schema: there is nothing that a step could mend.
local function begin(step)
    redis.call('HSET', KEY.SCHEMA, 'number', newest(), 'mended', 0, 'ended_at', whole(call.now), 'left', what_is_left())
    if step.oldest > 1 then
        redis.call('HSET', KEY.SCHEMA, 'oldest', step.oldest, 'release', step.release)
    end
    return newest(), step.oldest, 'none'
end

-- Do the next piece. Returns the schema that the ledger is of, the oldest whose processes may work on it, and what is
-- next: 'more', 'wait' for older processes to end, or 'none'.
function migrations.advance()
    local number, oldest, cursor, ended_at, mended, seen =
        unpack(redis.call('HMGET', KEY.SCHEMA, 'number', 'oldest', 'cursor', 'ended_at', 'mended', 'left'))
    if not number and is_empty() and not are_older_at_work(strictest().oldest) then
        return begin(strictest())
    end
    number, oldest = tonumber(number) or 1, tonumber(oldest) or 1
    local step = step_after(number)
    if not step then
        local is_due = number == newest() and is_due_again(tonumber(ended_at) or 0, tonumber(mended) or 0, seen)
        if not is_due then
            return number, oldest, 'none'
        end
        step = SCHEMA_STEPS[1]
        number = step.number - 1
        redis.call('HSET', KEY.SCHEMA, 'number', number, 'mended', 0)
    end
    if step.oldest > oldest then
        oldest = step.oldest
        redis.call('HSET', KEY.SCHEMA, 'oldest', oldest, 'release', step.release)
    end
    if are_older_at_work(step.oldest) then
        return number, oldest, 'wait'
    end
    local following, through, changed = pieces[step.piece](cursor and cjson.decode(cursor) or nil)
    redis.call('HINCRBY', KEY.SCHEMA, 'mended', changed)
    if following then
        redis.call('HSET', KEY.SCHEMA, 'cursor', cjson.encode(following))
        redis.call('HINCRBY', KEY.SCHEMA, 'done', through)
        return number, oldest, 'more'
    end
    redis.call('HDEL', KEY.SCHEMA, 'cursor', 'done')
    redis.call('HSET', KEY.SCHEMA, 'number', step.number, 'ended_at', whole(call.now), 'left', what_is_left())
    return step.number, oldest, step_after(step.number) and 'more' or 'none'
end

return migrations
