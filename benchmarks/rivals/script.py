"""A bare script: asyncio and httpx, one task a brief, nothing kept anywhere.

    python -m benchmarks.rivals.script

Whatever dies, everything is lost. It says when it follows the events, reads a JSON array of bodies from its
standard input, and says when all of them are identities.
"""

import asyncio
import json
import os
import sys
from collections import defaultdict
from typing import Any

import httpx
from httpx_sse import aconnect_sse

FOLLOWING, DONE = "following", "done"
#: Requests at once: httpx looks through all of its connections at each.
AT_ONCE = 16

Ends = defaultdict[str, "asyncio.Future[None]"]


async def main() -> None:
    """Drive all briefs."""
    ends: Ends = defaultdict(asyncio.get_running_loop().create_future)
    headers = {"Authorization": f"Bearer {os.environ['PIKTID_API_TOKEN']}"}
    async with httpx.AsyncClient(base_url=os.environ["PIKTID_API_URL"], headers=headers, timeout=30) as api:
        listening = asyncio.create_task(listen(api, ends))
        bodies = json.loads(await asyncio.to_thread(sys.stdin.readline))
        room = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(drive(api, room, ends, body) for body in bodies))
        print(DONE, flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        listening.cancel()


async def drive(api: httpx.AsyncClient, room: asyncio.Semaphore, ends: Ends, body: dict[str, Any]) -> None:
    """Make one brief an identity."""

    async def ask(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        async with room:
            answer = await api.request(method, path, json=body)
            return dict(answer.raise_for_status().json())

    created = await ask("POST", "/identity/create", body)
    await ends[created["job_id"]]
    results = await ask("GET", f"/jobs/{created['job_id']}/results")
    draft = {"image_result_id": results["results"][0]["image_result_id"]}
    promoted = await ask("POST", "/identity/promote-generated", draft)
    await ends[promoted["preprocessing_job_id"]]


async def listen(api: httpx.AsyncClient, ends: Ends) -> None:
    """Follow the account's events."""
    async with aconnect_sse(api, "GET", "/notifications/events", timeout=60) as source:
        source.response.raise_for_status()
        print(FOLLOWING, flush=True)
        async for event in source.aiter_sse():
            if event.data:
                await take(api, json.loads(event.data), ends)


async def take(api: httpx.AsyncClient, event: dict[str, Any], ends: Ends) -> None:
    """Note that a job is over, then delete the event, as the guide says."""
    data = event.get("data", {})
    if "id_task" not in data:
        return
    end = ends[data["id_task"]]
    if data["status"] == "completed" and not end.done():
        end.set_result(None)
    await api.delete(f"/notifications/{event['id']}")


if __name__ == "__main__":
    asyncio.run(main())
