"""A handle on a running sandbox for tests: its address, and its controls over HTTP."""

import contextlib
import http.client
import json
from typing import Any
from urllib.parse import urlencode


class Sandbox:
    """A running sandbox as its user sees it: its address, and its controls."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._address = url.removeprefix("http://")

    @staticmethod
    def token(name: str = "demo") -> str:
        """The token of an account, which is also the account's name in the ledger."""
        return f"sandbox-{name}"

    def ledger(self, account: str | None = None) -> dict[str, Any]:
        """The whole ledger, or the part of one account."""
        if account is None:
            whole: dict[str, Any] = self._call("GET", "/_sandbox/ledger")
            return whole
        query = urlencode({"account": account})
        accounts: dict[str, dict[str, Any]] = self._call("GET", f"/_sandbox/ledger?{query}")["accounts"]
        return next(iter(accounts.values()))

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings, of one account with `account=`; gives back those in force."""
        settings: dict[str, Any] = self._call("POST", "/_sandbox/settings", changes)
        return settings

    def faults(self, *rules: dict[str, Any] | list[dict[str, Any]], **rule: Any) -> list[dict[str, Any]]:
        """Add fault rules, given as dicts, as lists of them, or one as keywords; gives back all in force."""
        given = [each for some in rules for each in (some if isinstance(some, list) else [some])]
        all_rules: list[dict[str, Any]] = self._call(
            "POST", "/_sandbox/faults", given + ([rule] if rule else [])
        )
        return all_rules

    def clear_faults(self) -> None:
        """Remove all fault rules; requests and answers that they delay go on at once."""
        self._call("DELETE", "/_sandbox/faults")

    def journal(self, account: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """The last requests with their answers, oldest first."""
        query = urlencode({"limit": limit, **({"account": account} if account else {})})
        entries: list[dict[str, Any]] = self._call("GET", f"/_sandbox/journal?{query}")
        return entries

    def reset(self) -> None:
        """Forget all accounts, faults and the journal."""
        self._call("POST", "/_sandbox/reset")

    def _call(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection(self._address, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            content = answer.read()
        if answer.status >= 400:
            raise ValueError(f"{method} {path} answered {answer.status}: {content.decode()}")
        return json.loads(content) if content else None
