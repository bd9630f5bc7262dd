"""Servers and users of other configurations, and why nothing may run there."""

import pytest
import redis

from worker.store.startup import UnsafeServerError, check


def user(client: "redis.Redis", *rules: str) -> str:
    """Give a user these rights; return the URL to come as it."""
    client.execute_command("ACL", "SETUSER", "tenant", "reset", "on", ">pw", *rules)
    return f"redis://tenant:pw@127.0.0.1:{client.connection_pool.connection_kwargs['port']}/0"


def refused(url: str) -> str:
    """Return why nothing may run there."""
    with pytest.raises(UnsafeServerError) as error:
        check(url, patience=0)
    return str(error.value)
