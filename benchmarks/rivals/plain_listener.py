"""The event listener of the plain Dramatiq program: `python -m benchmarks.rivals.plain_listener`."""

import asyncio
import json
import os
from typing import Any

import httpx
from httpx_sse import aconnect_sse

from benchmarks.rivals.plain import collect, finish

#: What it says once the stream is open.
FOLLOWING = "following"


async def listen() -> None:
    """Follow the account's events for ever; connect again when the stream breaks."""
    headers = {"Authorization": f"Bearer {os.environ['PIKTID_API_TOKEN']}"}
    timeout = httpx.Timeout(10, read=60)
    async with httpx.AsyncClient(
        base_url=os.environ["PIKTID_API_URL"], headers=headers, timeout=timeout
    ) as api:
        while True:
            try:
                async with aconnect_sse(api, "GET", "/notifications/events") as source:
                    source.response.raise_for_status()
                    print(FOLLOWING, flush=True)
                    async for event in source.aiter_sse():
                        if event.data:
                            await take(api, json.loads(event.data))
            except httpx.HTTPError as error:
                print(error, flush=True)
                await asyncio.sleep(1)


async def take(api: httpx.AsyncClient, event: dict[str, Any]) -> None:
    """Send the step that an event asks for; then delete the event, as the guide says."""
    data = event.get("data", {})
    if "id_task" not in data:
        return
    if event["name"] == "completed":
        collect.send(data["id_task"])
    elif event["name"] == "identity_preprocessing" and data["status"] == "completed":
        finish.send(data["id_task"])
    await api.delete(f"/notifications/{event['id']}")


if __name__ == "__main__":
    asyncio.run(listen())
