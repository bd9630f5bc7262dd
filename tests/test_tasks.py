"""Ending tasks: none is left behind, however often it has to be told and whoever is told meanwhile."""

import asyncio
from contextlib import suppress

import pytest

from actors import tasks
from actors.tasks import end


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "TELL_AGAIN", 0.01)


async def hard_of_hearing(times: int) -> None:
    """Lose so many cancellations."""
    for _ in range(times):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


def test_a_task_that_loses_a_cancellation_is_told_again() -> None:
    async def run() -> bool:
        task = asyncio.create_task(hard_of_hearing(3))
        await asyncio.sleep(0)  # it begins
        await end(task)
        return task.cancelled()

    assert asyncio.run(run())


def test_who_is_told_again_while_it_ends_a_task_of_its_own_does_not_leave_that_behind() -> None:
    async def run() -> tuple[bool, bool]:
        inner = asyncio.create_task(hard_of_hearing(3))

        async def hold() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await end(inner)

        outer = asyncio.create_task(hold())
        await asyncio.sleep(0)  # both begin
        await end(outer)
        ended = inner.cancelled(), outer.cancelled()
        await end(inner)  # or a failure would hang
        return ended

    assert asyncio.run(run()) == (True, True)
