"""Whatever a program may send to `/v1` is answered as it is described, and never with a 500."""

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from stepping import Flow
from v1.conftest import Callers
from web_inlet import Web

from web.description import openapi
from web.description.operation import Operation
from web.description.operations import OPERATIONS
from worker.callers.tokens import Role

if TYPE_CHECKING:
    from schemathesis import Case
    from schemathesis.schemas import APIOperation

#: Of each operation and mode; `make fuzz` has more, and draws anew.
EXAMPLES = int(os.environ.get("IDENTITY_WORKER_TEST_EXAMPLES", "3"))
BRIEF = {"instructions": [{"prompt": "a sailor"}]}
SENT = [each for each in OPERATIONS if each.sends]
FIELDS = st.sampled_from(
    ["brief_id", "instructions", "prompt", "drafts", "why", "metadata", "batch", "priority", "leave_rest"]
)
SET = settings(max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


@pytest.fixture
def session(callers: Callers, flow: Flow) -> requests.Session:
    """Return who may do everything, where briefs are on record that wait, have failed, are to be picked."""
    flow.accept(**BRIEF, brief_id="waiting", batch="spring")
    flow.accept(brief_id="failed", priority=1000)
    flow.accept(**BRIEF, brief_id="choosing", choose="manual", metadata={"sku": 4711})
    made = requests.Session()
    callers("boss", Role.ADMIN).post("/hooks", json={"url": "https://shop.example", "name": "waiting"})
    made.headers["Authorization"] = f"Bearer {callers.token('studio', Role.ADMIN)}"
    return made


def test_whatever_comes_is_answered_as_it_is_described(web: Web, session: requests.Session) -> None:
    # Not at the top: each process of the run would import it.
    import schemathesis
    from schemathesis import GenerationMode

    schema = schemathesis.openapi.from_dict(openapi.document())
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == len(OPERATIONS)
    for operation in operations:
        fuzz(operation, GenerationMode.POSITIVE, f"http://127.0.0.1:{web.port}", session)
        if [*operation.body] or [*operation.query]:  # else whatever is sent is right
            fuzz(operation, GenerationMode.NEGATIVE, f"http://127.0.0.1:{web.port}", session)


def fuzz(operation: "APIOperation", mode: Any, url: str, session: requests.Session) -> None:
    from schemathesis import checks

    checks.load_all_checks()
    names = ("not_a_server_error", "status_code_conformance", "content_type_conformance")
    names += ("response_headers_conformance", "response_schema_conformance")
    wanted = checks.CHECKS.get_by_names(names)

    @given(
        case=operation.as_strategy(generation_mode=mode),
        brief_id=st.sampled_from([None, "waiting", "failed", "choosing"]),
    )
    @SET
    def check(case: "Case", brief_id: str | None) -> None:
        for each in ("brief_id", "name"):
            if brief_id is not None and each in case.path_parameters:
                case.path_parameters[each] = brief_id
        answer = case.call(base_url=url, session=session)
        # A path that was made up may hold a slash, and so be no operation.
        if answer.status_code in (404, 405) and answer.json()["type"].endswith(":no-such-operation"):
            return
        case.validate_response(answer, checks=wanted)

    check()


#: With what JSON readers should not take, and Python's does: NaN, halves of characters.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(FIELDS | st.text(), inner),
    max_leaves=20,
)
BODY = st.one_of(JSON, st.dictionaries(FIELDS, JSON))


def test_any_json_is_taken_or_refused_as_it_is_described(callers: Callers, flow: Flow) -> None:
    flow.accept(**BRIEF, brief_id="a", choose="manual")
    studio = callers("studio", Role.ADMIN)
    studio.post("/hooks", json={"url": "https://shop.example", "name": "a"})

    @SET
    @given(body=BODY, more=BODY, kind=st.sampled_from(["json", "x-ndjson"]), of=st.sampled_from(SENT))
    def check(body: object, more: object, kind: str, of: Operation) -> None:
        path = of.path.removeprefix("/v1").format(brief_id="a", name="a")
        content = "\n".join(map(json.dumps, (body, more) if kind == "x-ndjson" else (body,)))
        headers = {"Content-Type": f"application/{kind}"}
        assert studio.request(of.method, path, content=content, headers=headers).status_code < 500

    check()
