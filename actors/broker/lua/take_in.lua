-- take_in: move messages of further inlets to the inlet, each under an id that tells where it came in.
--
--   inlets  {name, ...}
--   least   messages of each that are moved however many wait
--   most    messages that may wait in the inlet
-- Returns how many were moved.
--
-- Atomic: a message is in its own queue, or in the inlet with a mark that its sender can't take off. While there is no
-- room for dead letters none is moved, because a message that is put aside loses its id.
if dead_letters.are_full() then
    return 0
end
local moved = 0
for _, inlet in ipairs(A.inlets) do
    local room = math.max(A.least, A.most - redis.call('LLEN', base.key('QUEUE', SETTING.inlet)))
    for _, suffix in ipairs({'', '.DQ'}) do
        moved = moved + entries.take_in(inlet, suffix, room)
    end
    entries.look_for_late(inlet)
end
return moved
