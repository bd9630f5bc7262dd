-- hold: take, keep or give back an archiver's right, to archive a brief or to look, that ends by itself.
--
--   right    the name of its key
--   of       whose it is: what the key is about
--   holder   the archiver
--   take     true: take it if nobody has it
--   ms       for how long (without it, the right is given back)
--   instead  what stands there for so long, as the holder is done (or none)
-- Returns 1 when the holder has it, or had it; 0 when it is another's, or nobody's and not to be taken.
--
-- Atomic: compared and set, so that nobody ends what has become another's meanwhile.
local right = base.key(A.right, A.of)
local holder = redis.call('GET', right)
if holder ~= A.holder and (holder or not A.take) then
    return 0
end
if A.ms then
    redis.call('SET', right, A.instead or A.holder, 'PX', A.ms)
else
    redis.call('DEL', right)
end
return 1
