"""Guards of the queues: what was taken is settled or given back, the dead are missed, nobody tries again."""

from mutation.mutant import of

CONSUMER_TESTS = ("tests/test_consumer.py",)
SUSPECTS_TESTS = ("tests/cli/test_held.py", "-k", "one_at_a_time or three_times")
RAISED_TESTS = ("tests/test_broker.py", "-k", "killed_workers or raises")
HELD_TESTS = ("tests/cli/test_held.py", "-k", "raises or keeps_its_permit or account_is_gone")

MUTANTS = (
    *of("config/consumer.py", CONSUMER_TESTS,
        ("only a lost connection is one, in fetch", "            message = self._next()\n        except redis.RedisError", "            message = self._next()\n        except redis.ConnectionError"),
        ("what was taken before an error is looked for later", "            self._reclaimed = 0.0\n            return None", "            return None"),
        ("nothing is reclaimed", "            self.broker.do_requeue(self.queue_name, *lost)\n", ""),
        ("reclaimed on errors only", "time.monotonic() - self._reclaimed < RECLAIM_EVERY", "self._reclaimed"),
        ("what is in hand is reclaimed", "lost = self._held() - self._in_hand", "lost = self._held()"),
        ("only a lost connection is one, in ack, nack and requeue", "            except redis.RedisError as error:\n                log.warning(\"message.unsettled\"", "            except redis.ConnectionError as error:\n                log.warning(\"message.unsettled\""),
        ("an ack, nack or requeue is tried once", "                if self.broker.stopping.wait(pause):\n                    break", "                break"),
    ),
    *of("config/consumer.py", ("tests/test_broker.py", "-k", "no_more_of_all"),
        ("each queue counts on all threads", "self.prefetch - sum(map(len, taken))", "self.prefetch - len(self._in_hand)"),
    ),
    *of("config/consumer.py", RAISED_TESTS,
        ("a worker gives no sign of life", "        self.broker.tend()\n", ""),
        ("a step that raised is acknowledged", "            message.fail()\n", ""),
    ),
    *of("config/consumer.py", ("tests/test_losses.py", "-k", "while_accepting"),
        ("a step that met a Redis error is given up", "            message.give_back = True\n        elif exception", "            message.fail()\n        elif exception"),
    ),
    *of("config/broker.py", CONSUMER_TESTS,
        ("whoever is busy is taken for dead by Dramatiq", "maintenance_chance=0", "maintenance_chance=1_000_000"),
        ("a step is tried again from a worker's memory", "middleware=[Draining(shutdown), ", "middleware=[__import__('dramatiq').middleware.Retries(), Draining(shutdown), "),
        ("there are queues for what is delayed", "            self.queues.add(queue_name)\n", "            self.queues.add(queue_name)\n            self.delay_queues.add(queue_name + '.DQ')\n"),
    ),
    *of("config/broker.py", ("tests/test_broker.py", "-k", "seven_days or killed_workers"),
        ("dead letters are kept for a month", "letters_kept=DEAD_LETTERS_KEPT", "letters_kept=4 * DEAD_LETTERS_KEPT"),
        ("a dead worker is missed after a minute", "DEAD_AFTER = 5_000", "DEAD_AFTER = 60_000"),
    ),
    *of("config/broker.py", SUSPECTS_TESTS,
        ("what ran to its end stays suspected", "self.client.hdel(keys.DEATHS(), topic)", "pass"),
    ),
    *of("config/connection.py", CONSUMER_TESTS,
        ("a client tries again", "_options(decode_responses=True, retry=Retry(NoBackoff(), 0))", "_options(decode_responses=True, retry=Retry(NoBackoff(), 3))"),
        ("the broker's client tries again", "more = {\"retry\": Retry(NoBackoff(), 0)", "more = {\"retry\": Retry(NoBackoff(), 3)"),
        ("the listener's client tries again", "AsyncRetry(NoBackoff(), 0)", "AsyncRetry(NoBackoff(), 3)"),
    ),
    *of("config/envelopes.py", ("tests/test_hostile_messages.py", "-k", "envelope"),
        ("a message decides on its options", "options={\"redis_message_id\": redis_id}", "options=dict(fields.get(\"options\") or {}) | {\"redis_message_id\": redis_id}"),
        ("a message decides on its queue", "        queue_name=queue,\n", "        queue_name=fields.get(\"queue_name\", queue),\n"),
        ("an actor may be called anything", "    if not fields[\"actor_name\"].isidentifier():", "    if False:"),
    ),
    *of("actors/holding.py", HELD_TESTS,
        ("a watch that fails is repeated at once", "    if record.state == \"held\":\n        _watch_later(run, record)\n        return\n", ""),
    ),
)  # fmt: skip
