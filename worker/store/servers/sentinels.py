"""Asks Sentinels for the primary."""

from collections.abc import Sequence
from typing import cast

import redis

from config.servers.address import Place
from worker.store.servers.finder import Finder, Question, Steps


class NoSuchPrimaryError(redis.ConnectionError):
    """Raised when the Sentinels know no primary of a name: it will not come by itself."""


class NotASentinelError(redis.ConnectionError):
    """Raised when what answers is no Sentinel."""


class SentinelLoginError(redis.AuthenticationError):
    """Raised when a Sentinel wants another password: its own, which need not be the server's."""


class Sentinels(Finder):
    """The primary of a name, as the first Sentinel says that answers."""

    def __init__(self, places: Sequence[Place], name: str) -> None:
        self._places = [*places]
        self._name = name
        self.what = f"the primary {name}"

    def steps(self) -> Steps:
        """Ask one Sentinel after the other; whoever has answered is asked first the next time.

        While their password is changed, one after the other, some want the old one and some the new one.
        """
        told: list[str] = []
        unknown = False
        refused: SentinelLoginError | None = None
        for at in self._places:
            try:
                answer = yield Question(at, ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._name))
            except redis.AuthenticationError as error:
                refused = refused or SentinelLoginError(f"of the Sentinel at {at}: {error}")
            except redis.RedisError as error:
                if "unknown command" in str(error).lower():
                    raise NotASentinelError(f"{at} is no Sentinel: {str(error)[:100]}") from None
                told.append(f"{at}: {error}")
            else:
                if answer is not None:
                    self._places = [at, *(each for each in self._places if each != at)]
                    host, port = cast(Sequence[str], answer)
                    return Place(str(host), int(port))
                unknown = True
        if refused is not None:
            raise refused
        if unknown:
            raise NoSuchPrimaryError(f"the Sentinels know no primary called {self._name}")
        raise redis.ConnectionError(f"no Sentinel answers: {'; '.join(told)}")

    def was_wrong(self, error: Exception | None = None) -> None:  # noqa: ARG002  # a Sentinel tells no more
        """Ask the next Sentinel first: this one may be cut off from the others, with the old primary."""
        self._places = [*self._places[1:], self._places[0]]
