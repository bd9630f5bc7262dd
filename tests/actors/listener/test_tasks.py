"""Ending tasks: none is left running, though its cancellation gets lost or its ender is to end as well."""

import asyncio
from contextlib import suppress

from actors.listener.tasks import end, stopping


async def losing_the_word(release: asyncio.Event) -> None:
    """Lose a cancellation as redis-py does, and go on with what was asked."""
    while not stopping():
        with suppress(asyncio.CancelledError):
            await release.wait()


def test_a_task_that_loses_a_cancellation_ends_at_its_next_turn() -> None:
    async def run() -> bool:
        task = asyncio.create_task(losing_the_word(asyncio.Event()))
        await asyncio.sleep(0)  # it begins
        await end(task)
        return task.done() and task.exception() is None

    assert asyncio.run(run())


def test_a_task_told_to_end_while_ending_another_ends_both() -> None:
    async def run() -> tuple[bool, bool]:
        tidy = asyncio.Event()

        async def tidying() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await tidy.wait()

        inner = asyncio.create_task(tidying())

        async def hold() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await end(inner)

        outer = asyncio.create_task(hold())
        await asyncio.sleep(0)  # both begin
        outer.cancel()
        await asyncio.sleep(0)  # it ends the inner one, which takes its time
        outer.cancel()
        await asyncio.sleep(0)
        left_behind = outer.done()
        tidy.set()
        await asyncio.wait([outer])
        return left_behind, inner.done()

    assert asyncio.run(run()) == (False, True)
