"""Guards of leases: who has an account, since when another may; who collects and carries out an order."""

from mutation.mutant import of

LEASE_TESTS = ("tests/worker/ledger/test_leases.py",)
MANY = "tests/cli/commands/briefs/many"
CARRIED = ("tests/worker/orders/test_orders_carried.py", "-k", "newer_release or nobody_expected")

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
    *of("cli/shared/ordering.py", (f"{MANY}/test_many_interrupted.py",),
        ("an order that is interrupted goes on elsewhere", "        orders.stop(given, order.by, \"it was interrupted\")\n        fail(", "        fail("),
    ),
    *of("cli/shared/ordering.py", (f"{MANY}/test_many_collected_elsewhere.py",),
        ("a set that another process collects is taken for whole", "        if found.state is not State.COLLECTING:\n", "        if True:\n"),
        ("what the page has begun and done is told as nothing", "    if found.begun_at is None:\n", "    if True:\n"),
        ("an order that somebody has stopped does nothing without a word", "        if found.state is State.STOPPED:\n", "        if False:\n"),
    ),
    *of("web/page/views/orders.py", ("tests/web/page/test_acting_views.py", "-k", "at_once"),
        ("what a request leaves of an order waits for the next look", "        visit.carry_on()\n", ""),
    ),
    *of("worker/orders/order.py", CARRIED,
        ("a field of a newer release keeps all orders waiting", "except (LookupError, TypeError, ValueError):", "except (LookupError, ValueError):"),
    ),
    *of("actors/process/orders_watch.py", CARRIED,
        ("an error that nobody expected ends the thread", "                except Exception:\n                    # Without this thread", "                except ZeroDivisionError:\n                    # Without this thread"),
    ),
)  # fmt: skip
