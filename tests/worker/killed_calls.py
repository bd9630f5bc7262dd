"""Something is killed at one of its calls to Redis: before it, or before its answer was of any use."""

from typing import Any

import pytest
import redis


class KilledError(BaseException):
    """Raised where it is killed."""


def killed_at(call: int, patch: pytest.MonkeyPatch, *, after: bool) -> None:
    """Have this process killed before or after one of its calls to Redis, a transaction being one."""
    left = [call]

    def kill(send: Any) -> Any:
        def sent(self: Any, *words: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] == 0 and not after:
                raise KilledError
            answer = send(self, *words, **options)
            if left[0] == 0:
                raise KilledError
            return answer

        return sent

    patch.setattr(redis.Redis, "execute_command", kill(redis.Redis.execute_command))
    patch.setattr(redis.client.Pipeline, "execute", kill(redis.client.Pipeline.execute))
