"""Guards of the listeners' leases: who has an account, since when another may, who gives it."""

from mutation.mutant import of

LEASE_TESTS = ("tests/worker/ledger/test_leases.py",)

MUTANTS = (
    *of("worker/ledger/lua/accounts/release.lua", LEASE_TESTS,
        ("a lease is given back by anybody", "if holder == A.listener then", "if holder then"),
        ("a lease is not given back", "    redis.call('DEL', unpack(listeners.keys_of('LEASE', own)))\n", ""),
    ),
    *of("worker/ledger/lua/accounts/take.lua", LEASE_TESTS,
        ("a dead listener keeps its leases", " or is_alive[holders[n]] == false then", " then"),
        ("what a living listener has is taken", "if not holders[n] or is_alive[holders[n]] == false then", "if true then"),
        ("what another asks for is taken", "local asker = askers[n] or A.listener", "local asker = A.listener"),
    ),
    *of("worker/ledger/lua/accounts/keep.lua", LEASE_TESTS,
        ("a lease that another has taken is kept", "if holders[n] and holders[n] ~= A.listener then", "if false then"),
        ("a sign of life is newer than it was", "base.whole(call.now - ago)", "base.whole(call.now)"),
    ),
    *of("worker/ledger/lua/lib/listeners.lua", LEASE_TESTS,
        ("one that ends is alive for a while", "whole(call.now - SETTING.lease_ms - 1), listener)", "whole(call.now), listener)"),
        ("a dead listener is forgotten while a lease names it", "call.now - named_ms", "call.now"),
        ("who has died asks for ever", "call.now - at <= SETTING.lease_ms and is_alive[listener] and", "is_alive[listener] and"),
    ),
)  # fmt: skip
