-- letter: read a dead letter.
--
-- queue, ARGV[2]
-- Returns its beginning (`most_bytes` of it), its bytes in all, since when it is one (ms), and its reason or ''; of none
-- nothing.
--
-- One call, so that no more than its beginning leaves the server.
local name = queue_key(A.queue) .. '.XQ'
local text = redis.call('HGET', name .. '.msgs', ID)
if not text then
    return {}
end
return {string.sub(text, 1, A.most_bytes), #text, redis.call('ZSCORE', name, ID) or '0', redis.call('HGET', A.letters, ID) or ''}
