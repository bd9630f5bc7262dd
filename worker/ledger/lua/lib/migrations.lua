-- The steps by which a ledger of an older schema becomes one of the present schema; config/recorded/schema.py has their table. One
-- call does a piece of one step and keeps, in the same write, where the next piece begins: whoever is killed or comes
-- second does no harm, and any process goes on.
local migrations = {}

local whole = base.whole

-- Records that a piece goes through: some milliseconds of the server.
local PIECE = 100

-- What a piece does, by its name in the table. It is given where it begins (nil: at the beginning), and returns where the
-- next one does (nil: there is none), and how many records it has been through.
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

-- Schema 2: releases before kept no count and no index of the briefs that they moved.
local LISTS = {KEY.UNFINISHED, KEY.FINISHED, KEY.BRIEFS}

function pieces.count_briefs(cursor)
    cursor = cursor or {list = 1}
    local set = LISTS[cursor.list]
    local briefs = page(set, cursor)
    local last = briefs[#briefs]
    local score = last and redis.call('ZSCORE', set, last)
    for _, brief in ipairs(briefs) do
        counts.recount(brief)
    end
    if #briefs == PIECE then
        return {list = cursor.list, member = last, score = score}, #briefs
    end
    return LISTS[cursor.list + 1] and {list = cursor.list + 1}, #briefs
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

-- The schema that this release makes of a ledger.
local function newest()
    return SCHEMA_STEPS[#SCHEMA_STEPS].number
end

-- The step that is to be done once more, as older processes have worked on the ledger since; nil where there is none.
local function step_again(ended_at, seen)
    if call.now - ended_at < SETTING.schema_again_ms then
        return nil
    end
    for _, step in ipairs(SCHEMA_STEPS) do
        local found = left[step.piece] and left[step.piece]()
        -- What a whole pass has not put right, another one would not either.
        if found and found ~= '0:0' and found ~= seen then
            return step
        end
    end
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

-- Do the next piece. Returns the schema that the ledger is of, the oldest whose processes may work on it, and what is
-- next: 'more', 'wait' for older processes to end, or 'none'.
function migrations.advance()
    local number, oldest, cursor, ended_at, seen =
        unpack(redis.call('HMGET', KEY.SCHEMA, 'number', 'oldest', 'cursor', 'ended_at', 'left'))
    number, oldest = tonumber(number) or 1, tonumber(oldest) or 1
    local step = step_after(number)
    if not step then
        step = number == newest() and step_again(tonumber(ended_at) or 0, seen)
        if not step then
            return number, oldest, 'none'
        end
        number = step.number - 1
        redis.call('HSET', KEY.SCHEMA, 'number', number)
    end
    if step.oldest > oldest then
        oldest = step.oldest
        redis.call('HSET', KEY.SCHEMA, 'oldest', oldest, 'release', step.release)
    end
    if are_older_at_work(step.oldest) then
        return number, oldest, 'wait'
    end
    local following, done = pieces[step.piece](cursor and cjson.decode(cursor) or nil)
    if following then
        redis.call('HSET', KEY.SCHEMA, 'cursor', cjson.encode(following))
        redis.call('HINCRBY', KEY.SCHEMA, 'done', done)
        return number, oldest, 'more'
    end
    redis.call('HDEL', KEY.SCHEMA, 'cursor', 'done')
    redis.call('HSET', KEY.SCHEMA, 'number', step.number, 'ended_at', whole(call.now),
        'left', left[step.piece] and left[step.piece]() or '')
    return step.number, oldest, step_after(step.number) and 'more' or 'none'
end

return migrations
