"""Guards against peers that are slow, silent, too many or hostile."""

from mutation.mutant import of

FETCH_TESTS = (
    "tests/worker/files/test_fetch_limiter.py",
    "tests/actors/reference",
    "-k",
    "place or line or fetch or host or costs",
)
WEB_TESTS = (
    "tests/web/test_webhooks.py",
    "tests/web/test_webhook_peers.py",
    "tests/web/test_webhook_secrets.py",
    "-k",
    "ours or whole or drips or compared",
)

MUTANTS = (
    *of("worker/files/fetch_limiter.py", FETCH_TESTS,
        ("a host may have all fetches", "EACH_HOST = 1", "EACH_HOST = 99"),
        ("all threads may fetch", "    return len(hosts) < self.most and", "    return"),
        ("a fetch is kept for ever", "if each[1] > now}", "if True}"),
    ),
    *of("actors/fetch_limits.py", FETCH_TESTS,
        ("nobody who waits is woken", "        _wake_next(rt, limiter)\n", ""),
    ),
    *of("worker/lifecycle/preparing.py", FETCH_TESTS,
        ("what is fetched in vain is not counted", "    return int(brief.get(\"fetch_ms\") or 0) / 1000", "    return 0.0"),
    ),
    *of("actors/process/shares.py", ("tests/actors/test_shares.py", "-k", "not hangs"),
        ("an account may take all threads", "self._numbers[account] < self.threads - len(self._held)", "True"),
        ("nobody who waits for a thread is called", "                return subject\n", "                return None\n"),
        ("who has nothing to run any more keeps its turn", "        while subject is not None and not ledger.recall(subject):", "        if subject is not None and not ledger.recall(subject):"),
    ),
    *of("worker/network/pool.py", ("tests/worker/network/test_pool.py",),
        ("a connection is used however long it was idle", "if time.monotonic() < until and not", "if not"),
        ("a closed connection is used again", " and not connection.has_expired():", ":"),
        ("the rest of an answer is read as the next", "if not connection.is_idle():", "if False:"),
    ),
    *of("worker/network/timed_network.py", ("tests/worker/piktid/test_transport.py", "tests/worker/files/test_fetching.py", "-k", "drip or dribble or silent"),
        ("single reads are timed, and no calls", "min(time_left(), ", "max(0.1, "),
        ("the first address has all the time", "share = self._left() / (len(addresses) - number)", "share = self._left()"),
    ),
    *of("worker/piktid/transport.py", ("tests/worker/piktid/test_transport.py", "-k", "packed"),
        ("what is packed is unpacked whole", "unpacker.decompress(raw, max_bytes + 1)", "unpacker.decompress(raw)"),
        ("what is packed is lost", "if packed not in ([\"gzip\"], [\"x-gzip\"], [\"deflate\"]):", "if True:"),
    ),
    *of("web/app.py", WEB_TESTS,
        ("who asks learns which accounts there are", "return self._refused(name, 401, _UNSIGNED if", "return self._refused(name, 401 if known else 404, _UNSIGNED if"),
    ),
    *of("worker/piktid/webhook_signatures.py", WEB_TESTS,
        ("where nothing was set, nothing is compared", "for secret in taken]", "for secret in taken if secret]"),
    ),
    *of("web/connections.py", WEB_TESTS,
        ("connections have no limit", "        if len(alive) > self.most:", "        if False:"),
        ("a head may take for ever", "call_later(durations.WEB_HEAD_SECONDS, ", "call_later(3600.0, "),
    ),
)  # fmt: skip
