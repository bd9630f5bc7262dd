"""GET /openapi.json: the API as a machine-readable document, for tools and for fuzzing the sandbox."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.contract.validation import (
    FORMATS,
    GROUPS,
    MOST_ASSETS,
    MOST_INSTRUCTIONS,
    MOST_VARIATIONS,
    RATIOS,
    SIZES,
)
from sandbox.extras.openapi_others import other_paths
from sandbox.extras.openapi_parts import (
    INTEGER,
    OPTIONAL_TEXT,
    TEXT,
    Schema,
    list_of,
    object_of,
    operation,
    value,
)


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
                "post": operation("Start a creation job", 202, [400, 402, 403, 429, 503], body=_creation())
            },
            "/jobs/{job_id}/status": {"get": operation("How a job stands", 200, [404], path=("job_id",))},
            "/jobs/{job_id}/results": {"get": operation("What a job made", 200, [404], path=("job_id",))},
            "/identity/promote-generated": {
                "post": operation(
                    "Turn a draft into an identity",
                    201,
                    [400, 402, 404, 409, 429, 503],
                    body=object_of({"image_result_id": INTEGER, "name": OPTIONAL_TEXT}, "image_result_id"),
                )
            },
            "/notifications/events": {"get": _stream()},
            "/notifications": {
                "post": operation(
                    "Read events",
                    200,
                    [400],
                    body=object_of(
                        {
                            "name_list": {"anyOf": [TEXT, list_of(TEXT)]},
                            "id_task": {"anyOf": [list_of(TEXT), {"type": "null"}]},
                        },
                        "name_list",
                    ),
                )
            },
            "/notifications/{id}": {"delete": operation("Delete an event", 204, [404], path=("id",))},
            "/webhooks": {
                "put": operation("Set the webhook", 200, [400], body=object_of({"url": TEXT}, "url"))
            },
            "/webhooks/test": {"post": operation("Send a ping", 200, [404])},
            "/upload": {
                "post": operation(
                    "Announce a file",
                    200,
                    [400],
                    body=object_of({"filename": OPTIONAL_TEXT, "project_name": OPTIONAL_TEXT}),
                )
            },
            "/preset/extract-from-image": {
                "post": operation(
                    "Describe a picture",
                    200,
                    [400, 402, 404],
                    body=object_of({"file_id": TEXT, "type": TEXT}, "file_id"),
                )
            },
            "/preset/extract-from-text": {
                "post": operation(
                    "Describe a person in words", 200, [400, 402], body=object_of({"text": TEXT}, "text")
                )
            },
            **other_paths(),
        },
    }


def _stream() -> dict[str, Any]:
    filters = dict.fromkeys(("token", "id_task", "id_image", "name_list"), TEXT)
    described = operation("Follow the events", 200, [], query=filters)
    described["responses"]["200"]["content"] = {"text/event-stream": {"schema": TEXT}}
    return described


def _creation() -> Schema:
    instruction = object_of(
        {
            **{group: object_of(dict.fromkeys(names, value())) for group, names in GROUPS.items()},
            "prompt": OPTIONAL_TEXT,
            "input_assets": {**list_of(object_of({"file_id": TEXT}, "file_id")), "maxItems": MOST_ASSETS},
            "num_variations": {"type": "integer", "minimum": 1, "maximum": MOST_VARIATIONS},
            "options": object_of(
                {"size": {"enum": [*SIZES]}, "ar": {"enum": [*RATIOS]}, "format": {"enum": [*FORMATS]}}
            ),
        }
    )
    instructions = {**list_of(instruction), "minItems": 1, "maxItems": MOST_INSTRUCTIONS}
    options = object_of({"model": TEXT, "add_ai_watermark": {"type": "boolean"}})
    return object_of(
        {"instructions": instructions, "options": options, "name": OPTIONAL_TEXT}, "instructions"
    )
