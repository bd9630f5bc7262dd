"""Plain clients that know only the guide and the vendor's own habits; nothing here knows the sandbox."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import requests
from sandbox_api import Api
from webhook_receiver import Receiver

from sandbox import running

BRIEF = {
    "instructions": [
        {
            "appearance": {"gender": "female", "age": 28, "skin": "light", "expression": "confident"},
            "face": {"eyes": "pale blue", "marks": "freckles"},
            "hair": {"color": "ash blonde", "length": "long", "style": "wavy"},
            "num_variations": 3,
            "options": {"ar": "3:4", "size": "1K", "format": "jpg"},
        }
    ],
    "options": {"model": "auto"},
    "name": "Spring catalog model",
}
FAST = {"drafts_median_seconds": 10, "preprocessing_median_seconds": 10}


class GuideClient:
    """The guide's requests, with its SSE loop; connects before it submits, so that no event is missed."""

    def __init__(self, api_url: str, access_token: str) -> None:
        self.api_url = api_url
        self.headers = {"Authorization": "Bearer " + access_token}

    def submit(self, brief: dict[str, Any]) -> str:
        return requests.post(
            self.api_url + "/identity/create", headers=self.headers, json=brief, timeout=10
        ).json()["job_id"]

    def notifications(self) -> Iterator[dict[str, Any]]:
        with requests.get(
            self.api_url + "/notifications/events", headers=self.headers, stream=True, timeout=10
        ) as response:
            response.raise_for_status()
            for raw_line in response.iter_lines(decode_unicode=True):
                if raw_line and raw_line.startswith("data: "):
                    yield json.loads(raw_line[6:])

    def wait(self, job_id: str) -> dict[str, Any]:
        for notification in self.notifications():
            data = notification.get("data", {})
            if (data.get("id_task") or data.get("job_id")) == job_id:
                return notification
        raise AssertionError("the stream ended")

    def drafts(self, job_id: str) -> list[dict[str, Any]]:
        return requests.get(
            self.api_url + f"/jobs/{job_id}/results", headers=self.headers, timeout=10
        ).json()["results"]

    def promote(self, image_result_id: int) -> dict[str, Any]:
        return requests.post(
            self.api_url + "/identity/promote-generated",
            headers=self.headers,
            json={"image_result_id": image_result_id, "name": "Spring catalog model"},
            timeout=10,
        ).json()


def test_a_client_that_follows_the_event_stream_reaches_a_finished_identity() -> None:
    with running(speed=50, seed=1, **FAST) as sandbox:
        client = GuideClient(sandbox.url, "sandbox-sse")
        job_id = client.submit(BRIEF)
        assert client.wait(job_id)["name"] == "completed"
        drafts = client.drafts(job_id)
        assert [draft["status"] for draft in drafts] == ["completed"] * 3
        assert [draft["image_index"] for draft in drafts] == [0, 0, 0]
        assert requests.get(drafts[1]["url"], timeout=60).headers["content-type"] == "image/jpeg"
        promoted = client.promote(drafts[1]["image_result_id"])
        done = client.wait(promoted["preprocessing_job_id"])
        assert done["name"] == "identity_preprocessing"
        assert done["data"]["status"] == "completed"
        deleted = requests.delete(
            f"{sandbox.url}/notifications/{done['id']}", headers=client.headers, timeout=10
        )
        assert deleted.status_code < 300


def test_a_client_that_receives_webhooks_reaches_a_finished_identity() -> None:
    def verify_signature(secret: str, body: bytes, signature_header: str) -> bool:
        expected = "sha256=" + hmac.new(secret.encode("utf-8"), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, signature_header)

    with running(speed=50, seed=1, **FAST) as sandbox, Receiver() as receiver:
        client = GuideClient(sandbox.url, "sandbox-hook")
        webhook = requests.put(
            sandbox.url + "/webhooks", headers=client.headers, json={"url": receiver.url}, timeout=10
        ).json()

        def delivered(job_id: str) -> dict[str, Any]:
            while True:
                headers, body = receiver.next()
                assert verify_signature(webhook["secret"], body, headers.get("X-Webhook-Signature", ""))
                notification = json.loads(body)
                data = notification.get("data", {})
                if (data.get("id_task") or data.get("job_id")) == job_id:
                    return notification

        job_id = client.submit(BRIEF)
        assert delivered(job_id)["name"] == "completed"
        promoted = client.promote(client.drafts(job_id)[0]["image_result_id"])
        done = delivered(promoted["preprocessing_job_id"])
        assert (done["name"], done["data"]["status"]) == ("identity_preprocessing", "completed")


class PollingClient:
    """Like the vendor's own clients: polls, takes only 202 and 201 for success, tolerates early 404s.

    `pause` is called between two polls.
    """

    EARLY_404S = 10

    def __init__(self, api_url: str, access_token: str, pause: Callable[[], object]) -> None:
        self.api_url = api_url
        self.pause = pause
        self.headers = {"Authorization": "Bearer " + access_token}

    def call(self, method: str, path: str, body: Any, expected: int) -> dict[str, Any]:
        answer = requests.request(method, self.api_url + path, headers=self.headers, json=body, timeout=60)
        assert answer.status_code == expected, answer.text
        return answer.json()

    def upload(self, filename: str, content: bytes) -> str:
        slot = self.call("POST", "/upload", {"filename": filename}, 200)
        put = requests.put(
            slot["upload_url"], data=content, headers={"Content-Type": slot["content_type"]}, timeout=10
        )
        assert put.status_code in (200, 201)
        return slot["file_id"]

    def extract(self, file_id: str) -> dict[str, Any]:
        body = {"file_id": file_id, "type": "identity_creation"}
        data = self.call("POST", "/preset/extract-from-image", body, 200)["instruction_data"]
        return {name: data[name] for name in ("appearance", "face", "hair") if data.get(name)}

    def poll(self, path: str, field: str) -> str:
        early = 0
        while True:
            answer = requests.get(self.api_url + path, headers=self.headers, timeout=60)
            if answer.status_code == 404 and early < self.EARLY_404S:
                early += 1
            elif answer.json()[field] in ("completed", "failed", "aborted"):
                return answer.json()[field]
            self.pause()


def test_a_client_that_only_polls_goes_from_photo_to_identity(moving_api: Api) -> None:
    photo = photo_of(moving_api)
    # The stream only tells when another poll is worth while; what it says is not read.
    with moving_api.stream() as events:
        go_through_from_a_photo(PollingClient(moving_api.url, moving_api.account, pause=events.next), photo)


def go_through_from_a_photo(client: PollingClient, photo: bytes) -> None:
    instruction = client.extract(client.upload("photo.jpg", photo))
    assert instruction["hair"]["color"] == "red"
    body = {"instructions": [{**instruction, "num_variations": 2}], "options": {"model": "auto"}}
    job_id = client.call("POST", "/identity/create", body, 202)["job_id"]
    assert client.poll(f"/jobs/{job_id}/status", "status") == "completed"
    results = client.call("GET", f"/jobs/{job_id}/results", None, 200)["results"]
    ids = [item.get("image_result_id") or item["id"] for item in results]
    assert len(ids) == 2
    url = (results[0].get("output") or {}).get("full_size") or results[0]["url"]
    assert requests.get(url, timeout=60).status_code == 200
    promoted = client.call("POST", "/identity/promote-generated", {"image_result_id": ids[0]}, 201)
    path = f"/identity/{promoted['identity_code']}/status"
    assert client.poll(path, "preprocessing_status") == "completed"


def photo_of(api: Api) -> bytes:
    """A picture of someone with red hair, from the sandbox itself: no photo comes with the tests."""
    api.set(drafts_median_seconds=0)
    hair = {"hair": {"color": "red", "length": "long"}, "appearance": {"skin": "light"}}
    job_id = api.create(hair).json()["job_id"]
    [item] = api.get(f"/jobs/{job_id}/results").json()["results"]
    api.set(drafts_median_seconds=10)
    url = item["url"] if "url" in item else item["output"]["full_size"]
    return requests.get(url, timeout=60).content
