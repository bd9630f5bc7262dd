"""Guards of the page: who may see it, who may act, and what another site can't have a browser do."""

from mutation.mutant import of

VISITOR_TESTS = ("tests/web/page/test_visitors.py",)
ACT_TESTS = ("tests/web/page/test_overview.py", "-k", "only_whoever or nobody_acts")
LIST_TESTS = ("tests/web/page/test_brief_list.py", "-k", "some_accounts")

MUTANTS = (
    *of(
        "web/page/page.py",
        VISITOR_TESTS,
        (
            "a form needs no token of its visit",
            "    if not cookie_of(visit.request) or given != visit.csrf:",
            "    if False:",
        ),
        ("a form may come from any site", "                check_origin(visit.request)\n", ""),
        (
            "a stranger's name leads to the page",
            "            check_host(visit.request, self._settings)\n",
            "",
        ),
    ),
    *of(
        "web/page/page.py",
        ACT_TESTS,
        (
            "whoever looks may act",
            "if view.role is not None and not visitor.caller.may(view.role):",
            "if False:",
        ),
    ),
    *of(
        "web/page/visiting/visitors.py",
        VISITOR_TESTS,
        (
            "anybody says who he is",
            "    if request.client is None or request.client.host != settings.page_proxy:",
            "    if False:",
        ),
        (
            "with tokens this machine still reads without one",
            "if is_local(request) and not tokens.any_made(client):",
            "if is_local(request):",
        ),
    ),
    *of(
        "web/v1/access.py",
        VISITOR_TESTS,
        (
            "who comes by a proxy is taken for this machine",
            '    if any(header in request.headers for header in ("forwarded", "x-forwarded-for")):',
            "    if False:",
        ),
    ),
    *of(
        "worker/callers/sessions.py",
        VISITOR_TESTS,
        (
            "a cookie stands in Redis as it is",
            "    return keys.SESSION(tokens.digest_of(cookie))",
            "    return keys.SESSION(cookie)",
        ),
        ("a session has no end", ", px=LASTS_MS)", ")"),
    ),
    *of(
        "web/page/views/overview.py",
        ACT_TESTS,
        (
            "one acts on accounts of others",
            "if not visit.caller.may_use(name) or name not in",
            "if name not in",
        ),
    ),
    *of(
        "web/page/views/briefs.py",
        LIST_TESTS,
        (
            "one sees the briefs of all accounts",
            "    return within(filter_of(given), visit.caller.accounts)",
            "    return filter_of(given)",
        ),
    ),
)
