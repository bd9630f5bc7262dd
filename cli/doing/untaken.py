"""What people are told who sent briefs that no running worker would take."""

import redis

from cli.render.counts import not_taken_line
from worker.views.blockers import processes


def untaken(client: "redis.Redis") -> str:
    """Return what is told where no worker runs that would take what is queued; blank where one does."""
    try:
        found = processes(client)
    except redis.RedisError:
        return ""  # the briefs are sent, whether or not this can be told
    return "" if found.workers else not_taken_line(found)
