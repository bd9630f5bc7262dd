"""Holds each answer of `/v1` against the OpenAPI document: its status, its media type, its schema."""

import re
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from web.description.openapi import document


def conforms(response: httpx.Response) -> None:
    """Raise where an answer is not as it is described; says nothing of what has no operation."""
    if response.request.method == "HEAD":
        return
    operation = operation_of(response.request.method, response.url.raw_path.decode().partition("?")[0])
    if operation is None:
        assert response.status_code in (404, 405), response
        return
    described = operation["responses"].get(str(response.status_code))
    assert described, f"{operation['operationId']} may not answer {response.status_code}"
    assert {*map(str.lower, described.get("headers", {}))} <= {*response.headers}
    media = response.headers["content-type"].partition(";")[0]
    assert media in described["content"], f"{operation['operationId']} may not answer {media}"
    if media != "text/event-stream":
        response.read()
        _validator(str(described["content"][media]["schema"])).validate(response.json())


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation that a request to a path, as it is sent, is one of."""
    for template, item in document()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            found: dict[str, Any] | None = item.get(method.lower())
            return found
    return None


@cache
def _validator(schema: str) -> Draft202012Validator:
    """Return the validator of a schema of the document, by its text."""
    for operation in (each for item in document()["paths"].values() for each in item.values()):
        for response in operation["responses"].values():
            for content in response["content"].values():
                if str(content["schema"]) == schema:
                    return Draft202012Validator({**content["schema"], "components": _closed()})
    raise KeyError(schema)


@cache
def _closed() -> dict[str, Any]:
    """Return the components, of which no answer may say more: readers must bear that, we must describe it."""
    return {
        "schemas": {
            name: schema | ({"additionalProperties": False} if _may_be_closed(name, schema) else {})
            for name, schema in document()["components"]["schemas"].items()
        }
    }


def _may_be_closed(name: str, schema: dict[str, Any]) -> bool:
    return "properties" in schema and not name.startswith("identity.")
