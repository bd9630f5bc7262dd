-- Begins every function library: the wrapper through which each of its functions is called. Before
-- it stand LIBRARY, the library's name, and the tables that Python and Lua share.
--
-- A function's arguments are:
--   KEYS[1]    the key that the call is about, for proxies and clusters: a function finds its keys by itself
--   ARGV[1]    the time in ms, in simulations; '' in production: then the server's own clock
--   ARGV[2]    the arguments, one JSON object, which its file knows as A
--   ARGV[3...] what may be any bytes, as a message's id, which its file knows as ...
--
-- A server keeps a library from one call to the next. So all that belongs to one call stands in one table, which is
-- made anew at each: `now` and `now_at_most` are the time, rounded down and up; `at_end` are functions, called when the
-- command has its answer. `told`, if there is any, is what the caller is told beside its answer: a list.
local call
-- What an answer begins with that has something told beside it: nothing else of ours has that character.
local TOLD = '\0told'
-- A key that is never there, where all keys share a slot of a cluster: while that is being moved, some of them are
-- elsewhere, and a command would stop at the first of those, half done. This one is looked at before anything else.
local NEVER = KEY.SCRATCH and KEY.SCRATCH:find('{', 1, true) and KEY.SCRATCH

-- Whether the account that a call is about has left for another shard: nothing of it may begin here any more.
local LEFT = NEVER and KEY.LEFT

local function begin(simulated)
    if simulated ~= '' then
        return {now = tonumber(simulated), now_at_most = tonumber(simulated), at_end = {}}
    end
    local clock = redis.call('TIME')
    return {
        now = clock[1] * 1000 + math.floor(clock[2] / 1000),
        now_at_most = clock[1] * 1000 + math.ceil(clock[2] / 1000),
        at_end = {},
    }
end

local function register(name, flags, command)
    redis.register_function({
        function_name = LIBRARY .. '_' .. name,
        flags = flags,
        callback = function(_, arguments)
            if NEVER then
                redis.call('EXISTS', NEVER)
            end
            local given = cjson.decode(arguments[2])
            if LEFT and given.account and redis.call('EXISTS', string.format(LEFT, given.account)) == 1 then
                return redis.error_reply('GONE account ' .. given.account .. ' lives in another shard by now')
            end
            call = begin(arguments[1])
            local answer = command(given, unpack(arguments, 3))
            for _, finish in ipairs(call.at_end) do
                finish()
            end
            if call.told then
                return {TOLD, cjson.encode(call.told), answer}
            end
            return answer
        end,
    })
end
