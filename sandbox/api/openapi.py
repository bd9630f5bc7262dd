"""GET /openapi.json: the API as a machine-readable document, for tools and for fuzzing the sandbox."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.api.validation import (
    FORMATS,
    GROUPS,
    MOST_ASSETS,
    MOST_INSTRUCTIONS,
    MOST_VARIATIONS,
    RATIOS,
    SIZES,
)

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
OPTIONAL_TEXT: Schema = {"type": ["string", "null"]}
INTEGER: Schema = {"type": "integer"}


async def openapi(_request: Request) -> JSONResponse:
    """The document."""
    return JSONResponse(document())


def document() -> dict[str, Any]:
    """OpenAPI 3.1 of every endpoint under a token."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Identity sandbox", "version": "2"},
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": {
            "/identity/create": {
                "post": _operation("Start a creation job", 202, [400, 402, 403, 429, 503], body=_creation())
            },
            "/jobs/{job_id}/status": {"get": _operation("How a job stands", 200, [404], path="job_id")},
            "/jobs/{job_id}/results": {"get": _operation("What a job made", 200, [404], path="job_id")},
            "/identity/promote-generated": {
                "post": _operation(
                    "Turn a draft into an identity",
                    201,
                    [400, 402, 404, 409, 429, 503],
                    body=_object({"image_result_id": INTEGER, "name": OPTIONAL_TEXT}, "image_result_id"),
                )
            },
            "/notifications": {
                "post": _operation(
                    "Read events",
                    200,
                    [400],
                    body=_object(
                        {
                            "name_list": {"anyOf": [TEXT, _list(TEXT)]},
                            "id_task": {"anyOf": [_list(TEXT), {"type": "null"}]},
                        },
                        "name_list",
                    ),
                )
            },
            "/notifications/{id}": {"delete": _operation("Delete an event", 204, [404], path="id")},
            "/webhooks": {
                "put": _operation("Set the webhook", 200, [400], body=_object({"url": TEXT}, "url"))
            },
            "/webhooks/test": {"post": _operation("Send a ping", 200, [404])},
            "/upload": {
                "post": _operation("Announce a file", 200, [400], body=_object({"filename": OPTIONAL_TEXT}))
            },
            "/preset/extract-from-image": {
                "post": _operation(
                    "Describe a picture",
                    200,
                    [400, 402, 404],
                    body=_object({"file_id": TEXT, "type": TEXT}, "file_id"),
                )
            },
            "/identity": {"get": _operation("The library", 200, [400], query=_library_query())},
            "/identity/{code}": {
                "get": _operation("One identity", 200, [404], path="code"),
                "delete": _operation("Delete an identity", 204, [404], path="code"),
            },
            "/identity/{code}/status": {"get": _operation("Its preprocessing", 200, [404], path="code")},
            "/auth/me": {"get": _operation("The account", 200, [])},
            "/billing/credits": {
                "get": _operation(
                    "Credits used",
                    200,
                    [400],
                    query={
                        "start_date": TEXT,
                        "end_date": TEXT,
                        "resolution": {"enum": ["day", "week", "month"]},
                    },
                )
            },
        },
    }


def _creation() -> Schema:
    instruction = _object(
        {
            **{group: _object(dict.fromkeys(names, _value())) for group, names in GROUPS.items()},
            "prompt": OPTIONAL_TEXT,
            "input_assets": {**_list(_object({"file_id": TEXT}, "file_id")), "maxItems": MOST_ASSETS},
            "num_variations": {"type": "integer", "minimum": 1, "maximum": MOST_VARIATIONS},
            "options": _object(
                {"size": {"enum": [*SIZES]}, "ar": {"enum": [*RATIOS]}, "format": {"enum": [*FORMATS]}}
            ),
        }
    )
    instructions = {**_list(instruction), "minItems": 1, "maxItems": MOST_INSTRUCTIONS}
    options = _object({"model": TEXT, "add_ai_watermark": {"type": "boolean"}})
    return _object({"instructions": instructions, "options": options, "name": OPTIONAL_TEXT}, "instructions")


def _library_query() -> dict[str, Schema]:
    return {
        "page": {"type": "integer", "minimum": 1},
        "per_page": {"type": "integer", "minimum": 1, "maximum": 100},
        "order": {"enum": ["asc", "desc"]},
        "sort_by": {"enum": ["name", "created_at"]},
        "ownership": {"enum": ["mine", "shared", "default"]},
        "search": TEXT,
    }


def _operation(
    summary: str,
    success: int,
    errors: list[int],
    *,
    body: Schema | None = None,
    path: str | None = None,
    query: dict[str, Schema] | None = None,
) -> dict[str, Any]:
    parameters = [{"name": path, "in": "path", "required": True, "schema": TEXT}] if path else []
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in (query or {}).items()]
    operation: dict[str, Any] = {
        "summary": summary,
        "parameters": parameters,
        "responses": {
            str(success): {"description": "Done"},
            **{str(status): {"description": "Refused"} for status in (401, *errors)},
        },
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _object(properties: dict[str, Schema], *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _value() -> Schema:
    return {"type": ["string", "integer", "number", "null"]}
