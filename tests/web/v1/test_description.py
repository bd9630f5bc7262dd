"""The documents that describe us to programs: valid by their specifications, whole, and served."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, ValidationError
from starlette.routing import Route
from stepping import Flow
from support import events
from v1.conftest import Callers

from actors.broker.broker import Broker
from config import keys
from config.settings import Settings
from web.description import asyncapi, openapi
from web.v1.routes import V1
from worker.hooks.messages import message
from worker.hooks.signing import new_secret

#: AsyncAPI's own schema, of the package @asyncapi/specs 6.11.1 (Apache License 2.0).
ASYNCAPI_SCHEMA = Path(__file__).with_name("asyncapi-3.0.0.json.gz")


BRIEF = {"instructions": [{"prompt": "a sailor"}]}


def check_openapi(document: Any) -> None:
    # The specification's schema; not at the top, as each process of the run would import it.
    from schemathesis.specs.openapi.definitions import OPENAPI_31

    Draft202012Validator(OPENAPI_31).validate(document)


def check_asyncapi(document: Any) -> None:
    Draft7Validator(json.loads(gzip.decompress(ASYNCAPI_SCHEMA.read_bytes()))).validate(document)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (of for name, of in value.items() if name == "$ref")
        value = [*value.values()]
    if isinstance(value, list):
        for each in value:
            yield from references(each)


@pytest.mark.parametrize(("check", "of"), [(check_openapi, openapi), (check_asyncapi, asyncapi)])
def test_a_document_is_as_its_specification_says(check: Any, of: Any) -> None:
    document = of.document()
    check(document)
    for broken in (document | {"info": {}}, document | {"components": {"schemas": 1}}):
        with pytest.raises(ValidationError):
            check(broken)


@pytest.mark.parametrize("of", [openapi, asyncapi])
def test_what_a_document_refers_to_is_in_it_and_a_schema(of: Any) -> None:
    document = of.document()
    for reference in {*references(document)}:
        found = document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_each_route_is_described(settings: Settings, redis_url: str) -> None:
    routes: list[Route] = V1(settings, dict, redis_url).routes
    served = {
        (route.path.replace(":path}", "}"), method)  # how Starlette says that a value may hold slashes
        for route in routes
        for method in (route.methods or set()) - {"HEAD"}
    }
    paths = openapi.document()["paths"]
    assert served == {(path, method.upper()) for path, item in paths.items() for method in item}


def test_the_documents_are_served_to_anybody(callers: Callers) -> None:
    callers.token("somebody")
    for name, of in (("openapi", openapi), ("asyncapi", asyncapi)):
        assert callers.bare().get(f"/{name}.json").json() == json.loads(json.dumps(of.document()))


def test_what_is_no_operation_is_a_problem(callers: Callers) -> None:
    shop = callers("shop")
    nowhere, never = shop.get("/nowhere"), shop.delete("/briefs")
    assert [each.status_code for each in (nowhere, never)] == [404, 405]
    assert {each.headers["content-type"] for each in (nowhere, never)} == {"application/problem+json"}
    assert {*never.headers["allow"].split(", ")} == {"GET", "HEAD", "POST"}
    assert shop.head("/briefs").status_code == 200
    assert shop.head("/events", headers={"Accept": "text/event-stream"}).status_code == 200


def test_what_is_queued_sent_and_told_is_as_asyncapi_says(heard: Flow, broker: Broker) -> None:
    broker.enqueue_briefs([json.dumps(BRIEF | {"brief_id": "a"})])
    (envelope,) = heard.client.hgetall(keys.MESSAGES(keys.INLET)).values()
    heard.steps.run(keys.INLET)
    assert heard.finish("a").state == "done"
    headers = message([new_secret()], "1-0", "{}", 0)[1]
    valid("envelope", "payload", json.loads(envelope))
    valid("brief", "payload", json.loads(json.loads(envelope)["args"][0]))
    told = events(heard.client)
    assert len(told) == 5
    for each in told:
        valid(each["type"], "payload", each)
        valid(f"{each['type']}.webhook", "headers", {name.lower(): text for name, text in headers.items()})


def valid(name: str, part: str, value: object) -> None:
    # AsyncAPI's schemas are those of draft 7.
    components = asyncapi.document()["components"]
    schema = Draft7Validator(components["messages"][name][part] | {"components": components})
    schema.validate(value)
    with pytest.raises(ValidationError):
        schema.validate({"brief_id": "a b"})
