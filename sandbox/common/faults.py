"""Faults on demand: rules that say what goes wrong, where, and how often."""

import asyncio
import fnmatch
import random
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sandbox.common.names import account_name

RequestKind = Literal["status", "refuse", "drop_response", "linger", "delay", "garbage", "early"]
StreamKind = Literal["cut", "mute", "lose", "duplicate", "reorder", "split", "flood"]
WebhookKind = Literal["lose", "double", "late", "forge"]
Kind = Literal[RequestKind, StreamKind, WebhookKind]
#: `event` is the event itself, before it goes to streams and webhook.
Place = Literal["request", "event", "stream", "webhook"]

PAID_PATHS = ("/identity/create", "/identity/promote-generated")
STREAM_PATH = "/notifications/events"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: A parameter in a path, as the reference writes it: `{job_id}`.
_PARAMETER = re.compile(r"\{\w+\}")

_PLACES: dict[str, Place] = {
    **dict.fromkeys(("status", "refuse", "drop_response", "linger", "delay", "garbage", "early"), "request"),
    "lose": "event",
    **dict.fromkeys(("cut", "mute", "duplicate", "reorder", "split", "flood"), "stream"),
    **dict.fromkeys(("double", "late", "forge"), "webhook"),
}


class Rule(BaseModel):
    """One fault. `kind` says what happens, the next fields where, `count` how often, the rest how."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    #: Only `lose` exists in two places; without `on` the event is lost in both.
    on: Literal["stream", "webhook"] | None = None
    method: str | None = None
    #: A path of the API, `*` or a name in braces for any part: `/jobs/*/status`, `/jobs/{job_id}/status`.
    path: str | None = None
    account: str | None = None
    #: Name of the event, for streams and webhooks.
    event: str | None = None
    #: How often it strikes; null = always.
    count: Annotated[int, Field(ge=1)] | None = 1
    #: How many matching requests or events are let through first.
    skip: Annotated[int, Field(ge=0)] = 0
    chance: Annotated[float, Field(gt=0, le=1)] = 1.0

    status: Annotated[int, Field(ge=200, le=599)] = 500
    body: Any = None
    headers: dict[str, str] = {}
    #: Wall seconds, not scaled: a fault is the network's, not the API's.
    seconds: Annotated[float, Field(ge=0, le=3600)] = 0.25
    #: For `delay`: before the request is processed, or between that and the answer.
    when: Literal["before", "after"] = "before"
    #: For `garbage`.
    form: Literal["truncated", "html"] = "truncated"
    #: For `lose`: whether the backfill still has the event.
    stored: bool = True
    #: For `cut`: in the middle of the frame.
    halfway: bool = False
    #: For `flood`: how many events of other jobs.
    events: Annotated[int, Field(ge=1, le=5_000)] = 100

    @field_validator("method")
    @classmethod
    def _known_method(cls, method: str | None) -> str | None:
        if method is not None and method.upper() not in METHODS:
            raise ValueError(f"must be one of {', '.join(METHODS)}")
        return method and method.upper()

    @field_validator("path")
    @classmethod
    def _pattern(cls, path: str | None) -> str | None:
        if path is not None and not path.startswith(("/", "*")):
            raise ValueError("must begin with /")
        if path is not None and path.startswith("/_sandbox"):
            raise ValueError("the controls are never struck")
        return path and _PARAMETER.sub("*", path)

    @field_validator("account")
    @classmethod
    def _full_name(cls, account: str | None) -> str | None:
        return account and account_name(account)

    @model_validator(mode="after")
    def _can_match(self) -> Self:
        """Refuse what would never strike: a test that waits for it would pass for nothing."""
        if self.kind != "lose" and self.on not in (None, _PLACES[self.kind]):
            raise ValueError(f"on: only lose has a choice; {self.kind} strikes a {_PLACES[self.kind]}")
        if self.place == "request" and self.event is not None:
            raise ValueError(f"event: {self.kind} strikes requests, which have none")
        if self.place == "webhook" and (self.path or self.method):
            raise ValueError(f"path and method: {self.kind} strikes deliveries, which have none of ours")
        where = self._only_at()
        if where is not None:
            method, paths = where
            if not any(map(self.is_for, paths)):
                raise ValueError(f"path: {self.kind} strikes only {' and '.join(paths)}")
            if self.method not in (None, method):
                raise ValueError(f"method: {self.kind} strikes only {method}")
        return self

    def _only_at(self) -> tuple[str, tuple[str, ...]] | None:
        """The method and the paths of the only requests that it can strike."""
        if self.kind == "early":
            return "POST", PAID_PATHS
        return ("GET", (STREAM_PATH,)) if self.place in ("stream", "event") else None

    def is_for(self, path: str) -> bool:
        """Whether it is for this path."""
        return self.path is None or fnmatch.fnmatchcase(path, self.path)

    @property
    def place(self) -> Place:
        """Where it strikes."""
        return self.on or _PLACES[self.kind]


class Faults:
    """The rules in force. The first one that matches strikes."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._chance = random.Random(0)  # noqa: S311  # not for secrets
        #: For the request gate, which asks for every request.
        self.places: frozenset[Place] = frozenset()
        self._cleared = asyncio.Event()

    def add(self, rules: Iterable[Rule]) -> None:
        """Put rules behind those in force."""
        self.rules.extend(rules)
        self._changed()

    def clear(self) -> None:
        """Remove all rules, and let what they delay go on."""
        self.rules.clear()
        self._changed()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def delay(self, seconds: float) -> None:
        """Wait so many wall seconds, or until the rules are cleared."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._cleared.wait()

    def take(
        self,
        place: Place,
        kinds: tuple[str, ...],
        *,
        account: str | None,
        method: str | None = None,
        path: str | None = None,
        event: str | None = None,
    ) -> Rule | None:
        """The rule of one of these kinds that strikes here, used up by one; None when nothing goes wrong.

        Events have neither method nor path, which their rules may name all the same.
        """
        if place not in self.places:
            return None
        for rule in self.rules:
            if (
                rule.place == place
                and rule.kind in kinds
                and rule.account in (None, account)
                and (method is None or rule.method in (None, method))
                and rule.event in (None, event)
                and (path is None or rule.is_for(path))
                and self._strikes(rule)
            ):
                return rule
        return None

    def _strikes(self, rule: Rule) -> bool:
        if rule.skip:
            rule.skip -= 1
            return False
        if rule.chance < 1 and self._chance.random() >= rule.chance:
            return False
        if rule.count is not None:
            rule.count -= 1
            if rule.count == 0:
                self.rules.remove(rule)
                self._changed()
        return True

    def _changed(self) -> None:
        self.places = frozenset(rule.place for rule in self.rules)
