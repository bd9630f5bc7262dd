"""The record of an account's event stream: who follows it, and since when without a gap.

*Without a gap* means: every event that the API keeps was brought to `wake` since then. What it rests on:

- the API keeps each event for ten minutes and replays it at each opening of the stream, unless it was deleted
  (piktid-v2.md 3.2 and 3.4). An absence shorter than that is made up for, a longer one begins a new stretch;
- `heard_at` is the last sign of life, an event or a comment, and never the present: a stream that is open and
  mute proves nothing;
- an event that can't be read, or that names no job, may be of any job, and begins a new stretch;
- whoever else uses the account deletes only events of its own jobs, as we do. One that deletes all takes
  from a replay what we should have seen, and nothing tells of it;
- an event that the API neither sends nor keeps is not seen by anybody.

By webhook nothing is known to be without a gap: a delivery that failed leaves no trace here.
"""

from dataclasses import dataclass, fields
from typing import Any

import redis

from config import keys


@dataclass(frozen=True)
class Stream:
    """What is on record of an account's stream. Times are ms by Redis' clock, None for what never was."""

    listener: str | None = None
    """The process that opened it last."""
    connected_at: int | None = None
    """Since when it is open; None while it is not."""
    heard_at: int | None = None
    """The last sign of life, after the replay."""
    unbroken_since: int | None = None
    """Since when nothing was missed, up to `heard_at`: what did not come live was replayed."""
    replayed_since: int | None = None
    """Since when replays alone have brought everything, up to `replayed_at`: a second witness of it all."""
    replayed_at: int | None = None
    told_at: int | None = None
    """When it last spoke of a creation job of ours: that it does so at all is in no second source."""
    ahead_ms: int | None = None
    """How far the API's clock is ahead of Redis', as of the last live event."""
    sightings: int = 0
    """How many observations there were of unclaimed jobs."""
    ended_at: int | None = None
    stalled_at: int | None = None
    """When nothing came of it last though it was open, as behind a proxy that buffers it."""
    unread_at: int | None = None
    """When an event came last that may be of any job: since then nothing is known to be without a gap."""
    why: str | None = None
    """Why it ended last, or why a new stretch began."""

    @property
    def troubled_at(self) -> int | None:
        """When the trouble began that `why` tells of."""
        return max(filter(None, (self.ended_at, self.unread_at, self.stalled_at)), default=None)

    @property
    def is_stalled(self) -> bool:
        """Whether nothing has come of it since it stalled."""
        return self.stalled_at is not None and self.stalled_at > (self.heard_at or 0)


def read_stream(client: "redis.Redis", account: str) -> Stream:
    """Return the record of an account's stream, which is empty where it was never followed."""
    found: Any = client.hgetall(keys.STREAM(account))
    known = {each.name: found[each.name] for each in fields(Stream) if each.name in found}
    values: Any = {name: text if name in ("listener", "why") else int(text) for name, text in known.items()}
    return Stream(**values)
