-- read: read a dead letter.
--
--   queue
--   most  bytes of it that are wanted (or none: as many as are read of any message)
--   ...   its id
-- Returns its beginning, its bytes in all, since when it is one (ms), and its reason or ''; nothing if there is none.
--
-- One call, so that no more than its beginning leaves the server.
-- Flag: no-writes
local id = ...
local name = base.key('DEAD_LETTERS', A.queue)
local text = redis.call('HGET', name .. '.msgs', id)
if not text then
    return {}
end
return {string.sub(text, 1, A.most or SETTING.most_bytes), #text, redis.call('ZSCORE', name, id) or '0', redis.call('HGET', KEY.DEAD_LETTER_REASONS, id) or ''}
