-- Ends every call that may have freed something: starts whoever may start now, and notes what others wait for.
local admission = {}

-- Start whoever of an account may start; an orphan that is in the way is forgotten, which may free what others wait for.
function admission.admit(account)
    local orphan = permits.start(account)
    while orphan do
        orphans.forget(account, orphan)
        orphan = permits.start(account)
    end
    stages.note_waiting(account)
end

return admission
