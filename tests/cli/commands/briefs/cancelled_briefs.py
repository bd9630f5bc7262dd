"""What an account keeps of a cancelled brief: nothing; and a brief whose job is over."""

from typing import Any

import redis
from stepping import Flow

from config import keys

ACCOUNT = "default"


def assert_nothing_is_kept(client: "redis.Redis") -> None:
    """Nothing of an account is taken any more, and nothing of it waits."""
    taken = (keys.PERMITS, keys.SLOTS)
    assert not client.exists(*(key(ACCOUNT) for key in taken), keys.HELD_BRIEFS(), keys.UNFINISHED())
    for endpoint in ("create", "promote"):
        assert not client.exists(keys.WAITING(ACCOUNT, endpoint))
        assert client.zcount(keys.WINDOW(ACCOUNT, endpoint), "+inf", "+inf") == 0


def at_draft(flow: Flow, **fields: Any) -> None:
    """Take the brief b to where its job is over and the step that fetches its drafts is queued."""
    flow.accept(brief_id="b", **fields)
    flow.steps.run()
    flow.api.rest()
