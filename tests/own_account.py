"""A fresh account of the sandbox, as a test sees and sets it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from support import DEADLINE

from sandbox import Sandbox

CREATE = "/identity/create"
PROMOTE = "/identity/promote-generated"
#: Seconds that no test waits: for what it holds until it has looked.
LONG = 3_600


@dataclass(frozen=True)
class Api:
    """One fresh account of the sandbox, with the sandbox's controls for it alone."""

    sandbox: Sandbox
    token: str

    @property
    def url(self) -> str:
        """Return the sandbox's address."""
        return self.sandbox.url

    def set(self, **settings: Any) -> None:
        """Change settings of the account."""
        self.sandbox.settings(account=self.token, **settings)

    def fault(self, kind: str, **rule: Any) -> None:
        """Let something go wrong for the account."""
        self.sandbox.faults(kind=kind, account=self.token, **rule)

    def hold(self, path: str, **more: Any) -> None:
        """Keep the next request of a path, or with `when="after"` its answer, until it is let go."""
        self.fault("delay", path=path, seconds=LONG, **more)

    def hold_all(self, path: str) -> None:
        """Keep all requests of a path until they are let go; `has_struck` tells when the first has come."""
        self.hold(path)
        self.hold(path, count=None)

    def let_go(self, *paths: str) -> None:
        """Let what is held go on, and from that moment hold all requests of these paths.

        Rules that delay nothing stay in force.
        """
        others = [rule for rule in self.sandbox.faults() if rule["kind"] != "delay"]
        rule = {"kind": "delay", "account": self.token, "seconds": LONG, "count": None}
        held = [{**rule, "path": path} for path in paths]
        self.sandbox._call("PUT", "/_sandbox/faults", others + held)

    def has_struck(self, kind: str) -> bool:
        """Whether no fault of this kind with a count is left for the account: each has found its requests."""
        mine = [rule for rule in self.sandbox.faults() if rule["account"] == self.token]
        return not any(rule["kind"] == kind and rule["count"] is not None for rule in mine)

    def refuse(
        self,
        path: str,
        status: int,
        body: object = None,
        count: int | None = 1,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next `count` requests of `path` with a status."""
        self.fault("status", path=path, status=status, body=body, count=count, headers=dict(headers or {}))

    def answer_by_pages(self) -> None:
        """Let a web page answer each request with 404, as behind a URL without the path of a gateway."""
        page = {"body": "<html>404 Not Found</html>", "headers": {"Content-Type": "text/html; charset=utf-8"}}
        self.fault("status", status=404, count=None, **page)

    def answer_by_gateway(self, status: int = 404) -> None:
        """Let a gateway that leads nowhere refuse each request, in JSON as the API does."""
        said = {"message": "no Route matched with those values"}
        self.fault("status", status=status, count=None, body=said)

    def lose_events(self) -> None:
        """Let no event of the account come, by stream or webhook, now or in a backfill."""
        for channel in ("stream", "webhook"):
            self.fault("lose", on=channel, count=None, stored=False)

    def double_events(self) -> None:
        """Let every event of the account come twice, by stream or webhook."""
        self.fault("duplicate", count=None)
        self.fault("double", count=None)

    def ledger(self) -> dict[str, Any]:
        """Return what the sandbox has on record of the account."""
        return self.sandbox.ledger(self.token)

    def rest(self) -> None:
        """Wait until none of its jobs is in flight."""
        end = time.monotonic() + DEADLINE
        while self.ledger()["jobs_in_flight"]:
            assert time.monotonic() < end, "the account's jobs do not end"

    def sent(self) -> dict[str, Any]:
        """Return the body of its one creation, as the sandbox got it."""
        entries = self.sandbox.journal(self.token, limit=1000)
        (body,) = [entry["request"] for entry in entries if entry["path"] == CREATE]
        return dict(json.loads(body))

    def start_other_jobs(self, jobs: int, seconds: float = 0) -> None:
        """Let other products of the account do so many jobs, each of so many unscaled seconds."""
        order = {"account": self.token, "jobs": jobs, "seconds": seconds}
        self.sandbox._call("POST", "/_sandbox/other-jobs", order)

    def arrived(self, path: str) -> int:
        """Return how many paid requests of a path have come, also those that are held."""
        return int(self.ledger()["most_requests_in_60_s"][f"POST {path}"]["all"])

    def requests(self, endpoint: str) -> int:
        """Return how often an endpoint was called, whatever it answered; `POST /identity/create`."""
        return sum(self.ledger()["requests"].get(endpoint, {}).values())
