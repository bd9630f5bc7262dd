-- What a person has paused: an account, or a batch in all accounts. What waits to be created is not granted; what runs
-- goes on, its promotions as well. The text is JSON for people: who, when, why.
local halts = {}

local key, product_at, product_of = base.key, base.product_at, base.product_of

-- Whether a person has paused an account for what waits for an endpoint, or it is unknown what it has bought.
function halts.stop_endpoint(account, endpoint)
    if product_at(endpoint).parent then
        return false
    end
    local halted, past = records.many(accounts.record(account), 'halted', 'past')
    return halted or past
end

function halts.of_batch(batch)
    return batch and redis.call('HGET', key('BUDGET', batch), 'halted')
end

-- The text of a batch's pause, or of an account's.
function halts.on_record(account, batch)
    if batch then
        return halts.of_batch(batch)
    end
    return records.get(accounts.record(account), 'halted')
end

-- Whether a person has paused a subject's batch for it.
function halts.stop_batch(subject, batch)
    return not product_of(subject).parent and halts.of_batch(batch)
end

return halts
