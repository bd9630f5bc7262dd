-- recount: correct how briefs are counted and where they stand in the index, or begin to count an account's anew.
--
--   briefs  {id, ...} (or none)
--   anew    an account of which all briefs are to be recounted after this (or none)
-- Returns 1.
--
-- Atomic: a brief that moves meanwhile is counted once, before its move or after it.
if A.anew then
    counts.begin_anew(A.anew)
end
for _, brief in ipairs(A.briefs or {}) do
    counts.recount(brief)
end
return 1
