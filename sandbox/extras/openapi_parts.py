"""The parts that the API's description is put together from."""

from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
OPTIONAL_TEXT: Schema = {"type": ["string", "null"]}
INTEGER: Schema = {"type": "integer"}


def operation(
    summary: str,
    success: int,
    errors: list[int],
    *,
    body: Schema | None = None,
    form: Schema | None = None,
    path: tuple[str, ...] = (),
    query: dict[str, Schema] | None = None,
) -> dict[str, Any]:
    """One operation; `success` and 401 beside its other errors are all that it answers."""
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": INTEGER if name.endswith("index") else TEXT}
        for name in path
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in (query or {}).items()]
    described: dict[str, Any] = {
        "summary": summary,
        "parameters": parameters,
        "responses": {
            str(success): {"description": "Done"},
            **{str(status): {"description": "Refused"} for status in (401, *errors)},
        },
    }
    for kind, schema in (("application/json", body), ("multipart/form-data", form)):
        if schema is not None:
            described["requestBody"] = {"required": True, "content": {kind: {"schema": schema}}}
    return described


def object_of(properties: dict[str, Schema], *required: str) -> Schema:
    """An object with these properties."""
    return {"type": "object", "properties": properties, "required": list(required)}


def list_of(items: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": items}


def value() -> Schema:
    """What a structured field of a brief may hold."""
    return {"type": ["string", "integer", "number", "null"]}
