"""Connecting that is cancelled: by a stop of the listener, by a lease that is lost."""

import asyncio
import gc
import warnings
from contextlib import suppress

from worker.network.asyncio_network import AsyncioBackend


def test_a_cancelled_connect_leaves_no_connection_behind() -> None:
    """Cancelled in each round of the loop: asyncio tells of a socket that is collected while it is open."""

    async def cancelled() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            for rounds in range(12):
                host, port = server.sockets[0].getsockname()
                connecting = asyncio.ensure_future(AsyncioBackend().connect_tcp(host, port, 5))
                for _ in range(rounds):
                    await asyncio.sleep(0)
                connecting.cancel()
                with suppress(asyncio.CancelledError):
                    await (await connecting).aclose()

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asyncio.run(cancelled())
        gc.collect()
    assert [str(each.message) for each in told if "unclosed <socket" in str(each.message)] == []
