"""A small client for tests: one account of a running sandbox."""

import json
from collections.abc import Iterator
from typing import Any

import requests
from support import DEADLINE

from sandbox import Sandbox

RED = {"hair": {"color": "red"}}


class Api:
    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self.sandbox = sandbox
        self.url = sandbox.url
        self.account = sandbox.token(name)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {self.account}"

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(self.url + path, params=query, timeout=DEADLINE)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.session.post(self.url + path, json=body, timeout=DEADLINE)

    def delete(self, path: str) -> requests.Response:
        return self.session.delete(self.url + path, timeout=DEADLINE)

    def create(self, *instructions: dict[str, Any], **fields: Any) -> requests.Response:
        return self.post("/identity/create", {"instructions": list(instructions or (RED,)), **fields})

    def promote(self, image_result_id: int, **fields: Any) -> requests.Response:
        return self.post("/identity/promote-generated", {"image_result_id": image_result_id, **fields})

    def drafts(self, count: int = 1, **fields: Any) -> list[int]:
        """The ids of finished drafts of a new job; for sandboxes whose jobs end at once."""
        job_id = self.create({**RED, "num_variations": count}, **fields).json()["job_id"]
        results = self.get(f"/jobs/{job_id}/results").json()["results"]
        return [item["image_result_id"] for item in results]

    def set(self, **settings: Any) -> None:
        self.sandbox.settings(account=self.account, **settings)

    def fault(self, **rule: Any) -> None:
        self.sandbox.faults(account=self.account, **rule)

    def ledger(self) -> dict[str, Any]:
        return self.sandbox.ledger(self.account)

    def stream(self, **query: Any) -> "Events":
        return Events(
            self.session.get(self.url + "/notifications/events", params=query, stream=True, timeout=(5, 10))
        )


class Events:
    """The frames of an open event stream, as (event name or None, data); comments as (":", text)."""

    def __init__(self, response: requests.Response) -> None:
        response.raise_for_status()
        self.response = response
        self.frames = self._read()

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *_: object) -> None:
        self.response.close()

    def next(self) -> tuple[str | None, Any]:
        """The next frame that is no comment."""
        return next(frame for frame in self.frames if frame[0] != ":")

    def backfill(self) -> list[dict[str, Any]]:
        """The data of all backfill frames, up to the one that ends them."""
        found = []
        while (frame := self.next())[0] != "backfill_complete":
            assert frame[0] == "backfill"
            found.append(frame[1])
        assert frame[1] == {}
        return found

    def live(self) -> dict[str, Any]:
        """The data of the next live frame."""
        name, data = self.next()
        assert name is None
        return data

    def _read(self) -> Iterator[tuple[str | None, Any]]:
        name, data = None, []
        for raw in self.response.iter_lines(chunk_size=1):
            line = raw.decode()
            if line.startswith(":"):
                yield ":", line[1:]
            elif line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].strip())
            elif not line and data:
                yield name, json.loads("\n".join(data))
                name, data = None, []


def task_of(event: dict[str, Any]) -> str | None:
    return event["data"].get("id_task") or event["data"].get("job_id")
