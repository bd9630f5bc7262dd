"""Anything that a client may send is answered, and never with a 500."""

import os
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sandbox_api import Api
from starlette.routing import Route

from sandbox import Sandbox
from sandbox.app import ROUTES

if TYPE_CHECKING:
    from schemathesis import Case
    from schemathesis.schemas import APIOperation

#: A nightly run may set this higher.
EXAMPLES = int(os.environ.get("SANDBOX_FUZZ_EXAMPLES", "5"))


def test_fuzzed_requests_are_answered_with_documented_statuses(still: Sandbox) -> None:
    # Not at the top: each process of the run would import it.
    import schemathesis

    schema = schemathesis.openapi.from_url(still.url + "/openapi.json")
    with Api(still, "fuzz") as api:
        api.set(create_per_minute=10_000, promote_per_minute=10_000, jobs_cap=10_000, slots_cap=10_000)
        operations = [found.ok() for found in schema.get_all_operations()]
        for operation in operations:
            # The stream's answer never ends.
            if operation.path != "/notifications/events":
                fuzz(operation, api)


def test_every_endpoint_under_a_token_is_fuzzed(still: Sandbox) -> None:
    document = requests.get(still.url + "/openapi.json", timeout=20).json()
    described = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    beside = ("/_sandbox", "/cdn", "/storage", "/openapi.json")
    served = {
        (route.path, method)
        for route in ROUTES
        if isinstance(route, Route) and not route.path.startswith(beside)
        for method in (route.methods or ()) - {"HEAD"}
    }
    assert described == served
    stream = document["paths"]["/notifications/events"]["get"]
    assert list(stream["responses"]["200"]["content"]) == ["text/event-stream"]
    assert [each["name"] for each in stream["parameters"]] == ["token", "id_task", "id_image", "name_list"]


def fuzz(operation: "APIOperation", api: Api) -> None:
    documented = {int(status) for status in operation.definition.raw["responses"]}

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: "Case") -> None:
        answer = case.call(session=api.session)
        # A generated path may hold a slash, and so be another path.
        assert answer.status_code in documented | {404, 405}, answer.text

    check()


@settings(max_examples=2 * EXAMPLES)
@given(
    body=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["instructions", "options", "prompt", "hair", "color", "input_assets", "name"]
                )
                | st.text(),
                inner,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_as_a_creation_body_is_taken_or_refused(still: Sandbox, body: object) -> None:
    with Api(still, "json") as api:
        api.set(create_per_minute=10_000)
        assert api.post("/identity/create", body).status_code in (202, 400)


@pytest.mark.parametrize(
    "body",
    [
        b'{"instructions": [{"hair": {"color": NaN}}]}',
        b'{"instructions": [{"hair": {"color": 1e999}}]}',
        b'{"instructions": [{"hair": {"color": "red"}}], "name": "\\ud800"}',
        b'{"instructions": [{"hair": {"color": "red"}}], "name": "\xff"}',
        b"[" * 100_000,
        b"9" * 10_000,
    ],
    ids=["NaN", "beyond all bounds", "half a character", "no UTF-8", "too deep", "too long a number"],
)
def test_what_no_json_reader_should_take_is_refused(api: Api, body: bytes) -> None:
    assert api.session.post(api.url + "/identity/create", data=body, timeout=20).status_code == 400


def test_a_body_without_end_is_cut_off(api: Api) -> None:
    parts = (b"x" * 2**20 for _ in range(40))
    assert api.session.post(api.url + "/identity/create", data=parts, timeout=20).status_code == 413
