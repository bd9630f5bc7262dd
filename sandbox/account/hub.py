"""The open event streams of all accounts."""

import asyncio
from collections import defaultdict, deque

from sandbox.account.account import Notification

#: A client that does not read is cut off after this many waiting events, like a server with bounded buffers.
WAITING_EVENTS = 10_000


class Stream:
    """What one open connection has yet to send."""

    def __init__(self, account: str, wanted: "Filter") -> None:
        self.account = account
        self.wanted = wanted
        self.waiting: deque[Notification] = deque()
        self.closed = False
        self.wake = asyncio.Event()

    def put(self, notification: Notification) -> None:
        """Hand it a live event."""
        if self.wanted.matches(notification):
            self.waiting.append(notification)
            self.closed = self.closed or len(self.waiting) > WAITING_EVENTS
            self.wake.set()

    def close(self) -> None:
        """End it as soon as its writer looks."""
        self.closed = True
        self.wake.set()


class Filter:
    """Which events a client asked for; by default all (reference, section 3.2)."""

    def __init__(
        self,
        tasks: frozenset[str] = frozenset(),
        images: frozenset[str] = frozenset(),
        names: frozenset[str] = frozenset(),
    ) -> None:
        self.tasks, self.images, self.names = tasks, images, names

    def matches(self, notification: Notification) -> bool:
        """True when every filter that was given lets it through."""
        return (
            (not self.tasks or notification.task in self.tasks)
            and (not self.images or str(notification.data.get("id")) in self.images)
            and (not self.names or notification.name in self.names)
        )


class Hub:
    """Brings events to the streams of their account."""

    def __init__(self) -> None:
        self._closed = False
        self._streams: defaultdict[str, set[Stream]] = defaultdict(set)
        self._held: defaultdict[str, list[Notification]] = defaultdict(list)

    def open(self, stream: Stream) -> None:
        """From now on the stream gets its account's events."""
        stream.closed = self._closed
        self._streams[stream.account].add(stream)

    def leave(self, stream: Stream) -> None:
        """The stream gets no more events."""
        self._streams[stream.account].discard(stream)

    def send(self, account: str, notification: Notification) -> None:
        """Put an event on all streams of an account."""
        for stream in self._streams[account]:
            stream.put(notification)
        self._release(account)

    def hold(self, account: str, event: Notification, seconds: float) -> None:
        """Send an event only after the next one, or after `seconds` of the wall if none comes."""
        self._held[account].append(event)
        asyncio.get_running_loop().call_later(seconds, self._release, account)

    def _release(self, account: str) -> None:
        for event in self._held.pop(account, []):
            for stream in self._streams[account]:
                stream.put(event)

    def count(self, account: str) -> int:
        """How many streams an account has open."""
        return len(self._streams[account])

    def wake(self) -> None:
        """Make every stream look for faults that were just set."""
        for streams in self._streams.values():
            for stream in streams:
                stream.wake.set()

    def close(self) -> None:
        """End every stream, and those that open from now on: the sandbox stops."""
        self._closed = True
        for streams in self._streams.values():
            for stream in streams:
                stream.close()
