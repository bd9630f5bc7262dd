"""Guards of what Redis may lose, of outages, and of the end of a process."""

from mutation.mutant import of

DURABILITY_TESTS = ("tests/worker/store/test_durability.py",)
TIMER_TESTS = (
    "tests/actors/listener/test_account_leases.py",
    "tests/actors/listener/test_due_timers.py",
    "-k",
    "timer or redis",
)

MUTANTS = (
    *of("worker/store/durability.py", DURABILITY_TESTS,
        ("a server that evicts keys is fine", "if limit != \"0\" and policy != \"noeviction\":", "if False:"),
        ("a policy without a limit is refused", "if limit != \"0\" and policy != \"noeviction\":", "if policy != \"noeviction\":"),
        ("a server that keeps nothing is fine", "        yield _without_append_only_file(", "        _without_append_only_file("),
        ("a sync once a second is fine", "    elif policy == \"everysec\":\n        yield Finding(", "    elif policy == \"everysec\":\n        Finding("),
        ("no sync at all is fine", "    elif policy != \"always\":", "    elif False:"),
    ),
    *of("worker/store/startup.py", ("tests/worker/store/test_startup.py", "tests/worker/store/test_startup_rights.py", "tests/worker/store/test_durability.py"),
        ("nothing is refused", "        if finding.level is Level.REFUSE:", "        if False:"),
        ("nothing is said", "            say(f\"redis.", "            str(say or f\"redis."),
        ("a replica is one to run on", "        yield rights.read_only(", "        rights.read_only("),
        ("a cluster is one to run on", "    elif mode == \"cluster\"", "    elif mode == \"clusters\""),
    ),
    *of("worker/store/rights.py", ("tests/worker/store/test_startup.py", "tests/worker/store/test_startup_rights.py"),
        ("a right that is missing is not told", "    if commands or lacks_keys:", "    if lacks_keys:"),
        ("keys that are not allowed are not told", "    if commands or lacks_keys:", "    if commands:"),
    ),
    *of("worker/store/connection.py", ("tests/worker/store/test_wrong_server.py",),
        ("idle connections to a replica stay", "            self.disconnect(inuse_connections=False)", "            pass"),
    ),
    *of("worker/store/keeper.py", DURABILITY_TESTS,
        ("the embedded server syncs when it likes", "DURABLE | {\"appendfsync\": fsync}", "DURABLE | {\"appendfsync\": \"no\"}"),
        ("the embedded server keeps nothing", "\"appendonly\": \"yes\"", "\"appendonly\": \"no\""),
    ),
    *of("actors/listener/timers.py", TIMER_TESTS,
        ("timers end with an outage", "            except redis.RedisError as error:\n                self._not_woken", "            except ZeroDivisionError as error:\n                self._not_woken"),
        ("alarms end with an outage", "            except redis.RedisError as error:\n                self._not_heard", "            except ZeroDivisionError as error:\n                self._not_heard"),
        ("an alarm is not heard", "                    self._alarm.set()\n", "                    pass\n"),
        ("an alarm is heard for ever", "        self._alarm.clear()  # first: an alarm that comes during the call counts\n", ""),
        ("who has no timer does not sleep", "idle if wait < 0 else min(wait / 1000, idle)", "min(wait / 1000, idle)"),
        ("only an alarm ends a sleep", "min(wait / 1000, idle)", "wait / 1000"),
        ("a timer is looked at once a second", "min(wait / 1000, idle)", "idle"),
    ),
    *of("config/times.py", ("tests/config/test_backoff.py",),
        ("all return in one moment", "random.uniform(0.5, 1.5)", "1.0"),
        ("a pause does not grow", "first * 2.0 ** min(failures - 1, 64)", "first"),
        ("a pause grows without end", "return min(first * 2.0 ** min(failures - 1, 64), longest)", "return first * 2.0 ** min(failures - 1, 64)"),
    ),
)  # fmt: skip
