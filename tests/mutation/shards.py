"""Guards of shards: where a brief goes, and whose its id is."""

from mutation.mutant import of

HANDING = ("tests/actors/test_handing_on.py",)
IDS = ("tests/worker/shards/test_ids.py",)
MOVING = ("tests/worker/shards/test_moving.py",)
HTTP = ("tests/web/v1/test_shards_by_http.py",)
READING = ("tests/worker/shards/test_merged.py",)

MUTANTS = (
    *of("actors/broker/handing_on.py", HANDING,
        ("a brief that is handed on goes by another id", "if is_bare else message.text", "if False else message.text"),
        ("what follows a brief is sent here as well", "    message.is_handed_on = True\n", ""),
    ),
    *of("actors/path.py", HANDING,
        ("a brief stays where its account does not live", "    if elsewhere is not None:", "    if False:"),
    ),
    *of("worker/ledger/lua/shards/claim_id.lua", IDS,
        ("an id is the last account's that comes", "not account or account == A.instead_of then", "true then"),
    ),
    *of("worker/ledger/lua/shards/give_way.lua", IDS,
        ("a brief that runs gives way", "elseif not arrivals.has_cost_nothing(A.id) then", "elseif false then"),
        ("after a kill nothing gives way", " == 1 and 'free' or 'none'", " == 2 and 'free' or 'none'"),
    ),
    *of("worker/shards/ids.py", IDS,
        ("a brief on its way loses its id", "had_ms < durations.CLAIMED_KEPT_MS", "had_ms < 0"),
    ),
    *of("worker/store/startup.py", ("tests/worker/shards/test_numbers_of_shards.py",),
        ("accounts are looked for in other shards", "    if known > values.shards:", "    if False:"),
    ),
    *of("worker/ledger/lua/shards/depart.lua", MOVING,
        ("an account leaves in the middle of a paid call", "base.product_of(subject).claimed then", "'none' then"),
        ("a batch's budget is allowed twice", "if allowed and (tonumber(all) or 0) > open[batch] then", "if false then"),
        ("who has left may begin once more", "redis.call('SET', base.key('LEFT', A.leaver), A.to)\n", ""),
        ("what was woken sleeps in the other shard", "            woken[subject] = true\n", ""),
    ),
    *of("worker/ledger/lua/shards/bring.lua", ("tests/worker/shards/test_moving_forgotten.py",),
        ("a part comes behind one that was forgotten", "if come == A.part - 1 then", "if true then"),
    ),
    *of("worker/shards/moving.py", ("tests/worker/shards/test_moving_forgotten.py",),
        ("who has come is looked for where it was", "                shards.placement.put(account, shard, known_by)", "                pass"),
    ),
    *of("worker/shards/moving.py", ("tests/chaos/replicas/test_moved.py",),
        ("it comes before its leaving is known to a replica", "                self._confirm_left(move)\n", ""),
    ),
    *of("worker/ledger/lua/accounts/configure.lua", MOVING,
        ("who has left is configured anew", "redis.call('EXISTS', base.key('LEFT', account)) == 0", "true"),
    ),
    *of("worker/shards/ledgers.py", HTTP,
        ("an id of another shard is taken for a new one", "self._holder(each) or each.account", "each.account"),
    ),
    *of("web/v1/routes.py", HTTP,
        ("briefs are put on the first shard's queue", "[self._shards.of(account)]", "[0]"),
        ("briefs are steered in the first shard", "holder_of(self._client, brief_id)", "self._shards.client(0)"),
    ),
    *of("worker/shards/cursors.py", READING,
        ("a cursor skips the new shards' events", '*["0"] *', '*["$"] *'),
    ),
)  # fmt: skip
