"""Waits until a Redis list has an element without reading the element, which may be huge."""

import time
from typing import Any

import redis


def wait_for_element(client: "redis.Redis", key: str, seconds: float) -> bool:
    """Wait until a list has an element, for so many seconds at most; return whether it has one.

    Nothing is taken. Raises redis.RedisError.
    """
    began = time.monotonic()
    try:
        if _length_in(client, key, seconds) > 0:
            return True
    except redis.ResponseError:
        # Without the right to CLIENT REPLY the answer is read. If something else is wrong, this command tells
        # what.
        return _blmove(client, key, seconds)
    # It ended sooner: another took the element, or Redis refused the wait, which this command then tells.
    return time.monotonic() - began < seconds / 2 and _blmove(client, key, 0.01)


def _blmove(client: "redis.Redis", key: str, seconds: float) -> bool:
    """Move the head to the head: a blocking peek."""
    return client.execute_command("BLMOVE", key, key, "LEFT", "LEFT", seconds) is not None  # type: ignore[no-untyped-call]


def _length_in(client: "redis.Redis", key: str, seconds: float) -> int:
    # The answer to the peek would be the element, so it is left out, and the length asked for behind it: the
    # server says that when the wait is over.
    commands: list[tuple[Any, ...]] = [
        ("CLIENT", "REPLY", "SKIP"),
        ("BLMOVE", key, key, "LEFT", "LEFT", seconds),
        ("LLEN", key),
    ]
    pool = client.connection_pool
    connection: Any = pool.get_connection()
    try:
        connection.send_packed_command(connection.pack_commands(commands))
        return int(connection.read_response())
    except BaseException:
        connection.disconnect()  # an answer may still be under way
        raise
    finally:
        pool.release(connection)
