"""What finds the server of a connection, in the same steps for both kinds of client."""

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import Any, NamedTuple, Protocol

from config.servers.address import Place


class Question(NamedTuple):
    """A command for the server at a place."""

    at: Place
    words: tuple[str, ...]


#: Yields questions and is given the answer of each, or the error; returns the place that was looked for.
Steps = Generator[Question, Any, Place]


class Finder(ABC):
    """Finds the server that a connection is to be made to, anew for each connection: it may have changed.

    Its methods are called by many threads; at worst one asks somebody once more who has just not answered.
    """

    #: What the server is called in errors and logs: `the primary studio`, `the node of slot 2716`.
    what: str
    #: What the process runs on: a node of a cluster is nothing for a client that knows of one server only.
    is_cluster: bool = False

    @abstractmethod
    def steps(self) -> Steps:
        """Look for the server; raises redis.ConnectionError where nobody knows it."""

    @abstractmethod
    def was_wrong(self, error: Exception | None = None) -> None:
        """Ask others first from now on: the server found does not answer, is no primary, or said `error`."""


class Guide(Protocol):
    """What asks the questions of a finder."""

    finder: Finder
    found: Place | None
    """Where the server was, the last time."""

    def find(self) -> Place:
        """Return where the server is; raises redis.RedisError."""

    async def find_async(self) -> Place:
        """Do the same from asyncio."""
