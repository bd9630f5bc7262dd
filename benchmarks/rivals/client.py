"""The API as a plain client uses it: it asks for a job's state until the job is over.

Its waits are the API's seconds, so they are divided by the sandbox's speed, as everything else is.
"""

import time
from collections.abc import Mapping
from typing import Any

import httpx

from benchmarks.harness import ACCOUNT

Body = Mapping[str, Any]

#: Seconds between two looks at a job, as the vendor's own clients wait (piktid-v2.md 2.4).
POLL = 5.0


class TooManyRequestsError(Exception):
    """Raised when the API answers 429."""


class Client:
    """A token and a connection pool; may be shared by threads."""

    def __init__(self, url: str, speed: float) -> None:
        headers = {"Authorization": f"Bearer {ACCOUNT}"}
        self._http = httpx.Client(base_url=url, headers=headers, trust_env=False)
        self._speed = speed

    def create(self, body: Body) -> int:
        """Buy a brief's draft and wait for it; return its id. Raises TooManyRequestsError."""
        job_id = self.begin(body)
        self.rest(POLL)
        while (draft := self.draft(job_id)) is None:
            self.rest(POLL)
        return draft

    def promote(self, draft: int) -> None:
        """Make a draft an identity and wait until it can be used. Raises TooManyRequestsError."""
        code = self.begin_promotion(draft)
        self.rest(POLL)
        while not self.is_ready(code):
            self.rest(POLL)

    def begin(self, body: Body) -> str:
        """Buy a brief's draft; return the job's id. Raises TooManyRequestsError."""
        return str(self._post("/identity/create", body)["job_id"])

    def draft(self, job_id: str) -> int | None:
        """Return the id of a job's draft once it is there."""
        if self._get(f"/jobs/{job_id}/status").get("status") != "completed":
            return None
        return int(self._get(f"/jobs/{job_id}/results")["results"][0]["image_result_id"])

    def begin_promotion(self, draft: int) -> str:
        """Make a draft an identity; return its code. Raises TooManyRequestsError."""
        return str(self._post("/identity/promote-generated", {"image_result_id": draft})["identity_code"])

    def is_ready(self, code: str) -> bool:
        """Whether an identity can be used."""
        return bool(self._get(f"/identity/{code}/status").get("preprocessing_status") == "completed")

    def rest(self, seconds: float) -> None:
        """Wait for so many of the API's seconds."""
        time.sleep(seconds / self._speed)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _get(self, path: str) -> Any:
        """A job that is not known yet answers 404 with a body that has no state (piktid-v2.md 2.4)."""
        return self._http.get(path).json()

    def _post(self, path: str, body: Body) -> Any:
        answer = self._http.post(path, json=body)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise TooManyRequestsError(path)
        return answer.raise_for_status().json()
