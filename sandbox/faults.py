"""Faults on demand: rules that say what goes wrong, where, and how often."""

import fnmatch
import random
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RequestKind = Literal["status", "refuse", "drop_response", "delay", "garbage", "early"]
StreamKind = Literal["cut", "mute", "lose", "duplicate", "reorder", "split", "flood"]
WebhookKind = Literal["lose", "double", "late", "forge"]
Place = Literal["request", "stream", "webhook"]

_PLACES: dict[str, Place] = {
    **dict.fromkeys(("status", "refuse", "drop_response", "delay", "garbage", "early"), "request"),
    **dict.fromkeys(("cut", "mute", "lose", "duplicate", "reorder", "split", "flood"), "stream"),
    **dict.fromkeys(("double", "late", "forge"), "webhook"),
}


class Rule(BaseModel):
    """One fault. `kind` says what happens, the next fields where, `count` how often, the rest how."""

    model_config = ConfigDict(extra="forbid")

    kind: RequestKind | StreamKind | WebhookKind
    #: Only `lose` exists in two places; without `on` it hits streams.
    on: Place | None = None
    method: str | None = None
    #: A path of the API, `*` for any part: `/jobs/*/status`.
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

    @property
    def place(self) -> Place:
        """Where it strikes."""
        return self.on or _PLACES[self.kind]


class Faults:
    """The rules in force. The first one that matches strikes."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._chance = random.Random(0)  # noqa: S311 (not for secrets)
        #: For the request gate, which asks for every request.
        self.places: frozenset[Place] = frozenset()

    def add(self, rules: Iterable[Rule]) -> None:
        """Put rules behind those in force."""
        self.rules.extend(rules)
        self._changed()

    def clear(self) -> None:
        """Remove all rules."""
        self.rules.clear()
        self._changed()

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
        """The rule of one of these kinds that strikes here, used up by one; None when nothing goes wrong."""
        if place not in self.places:
            return None
        for rule in self.rules:
            if (
                rule.place == place
                and rule.kind in kinds
                and rule.account in (None, account)
                and rule.method in (None, method)
                and rule.event in (None, event)
                and (rule.path is None or fnmatch.fnmatchcase(path or "", rule.path))
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
