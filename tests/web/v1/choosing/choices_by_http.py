"""Choices that are sent by HTTP, and what came of them."""

import httpx
from stepping import Flow

from config import keys

BRIEF = {"brief_id": "a", "choose": "manual", "instructions": [{"prompt": "x", "num_variations": 3}]}


def drafts(flow: Flow) -> list[int]:
    return [draft["image_result_id"] for draft in flow.brief("a").json("drafts")]


def pick(who: httpx.Client, *chosen: int, **more: object) -> httpx.Response:
    return who.post("/briefs/a/pick", json={"drafts": chosen, **more})


def promoting(flow: Flow) -> list[int]:
    numbers = range(int(flow.brief("a").fields["promotions"]))
    return [flow.promotion("a", each).json("candidates")[0]["image_result_id"] for each in numbers]


def spent(flow: Flow, name: str) -> float:
    days = [str(each) for each in flow.client.scan_iter(keys.CALLER_CREDITS(name, "*"))]
    return sum(float(flow.client.get(each) or 0) for each in days)  # type: ignore[arg-type]
