"""The description of what lies beside the flow: library, pictures, tokens, credits."""

from typing import Any

from sandbox.extras.openapi_parts import INTEGER, OPTIONAL_TEXT, TEXT, Schema, list_of, object_of, operation

FLAG: Schema = {"enum": ["true", "false"]}
PAGE: dict[str, Schema] = {
    "page": {"type": "integer", "minimum": 1},
    "per_page": {"type": "integer", "minimum": 1, "maximum": 100},
}
ORDER: Schema = {"enum": ["asc", "desc"]}
STATUS: Schema = {"enum": ["pending", "processing", "completed", "failed"]}
GENDER: Schema = {"enum": ["male", "female", "non-binary"]}
AGE: Schema = {"type": "integer", "minimum": 0, "maximum": 120}
FILE: Schema = {"type": "string", "format": "binary"}
PERIOD: dict[str, Schema] = {
    "start_date": TEXT,
    "end_date": TEXT,
    "resolution": {"enum": ["day", "week", "month"]},
}


def other_paths() -> dict[str, Any]:
    """All of them."""
    return {**_library(), **_pictures(), **_account()}


def _library() -> dict[str, Any]:
    query = {
        **PAGE,
        "order": ORDER,
        "sort_by": {"enum": ["name", "created_at"]},
        "ownership": {"enum": ["mine", "shared", "default"]},
        "search": TEXT,
        "include_locked": FLAG,
        "preprocessing_status": STATUS,
        "gender": GENDER,
        "min_age": AGE,
        "max_age": AGE,
        "tag": TEXT,
    }
    photo = object_of({"image": FILE, "name": TEXT, "tag": TEXT}, "image")
    view = object_of({"image": FILE, "pov_index": INTEGER}, "image")
    metadata = object_of({"tag": OPTIONAL_TEXT, "gender": GENDER, "age": AGE})
    code = ("code",)
    return {
        "/identity": {"get": operation("The library", 200, [400], query=query)},
        "/identity/upload": {"post": operation("Upload an identity", 201, [400, 409, 429], form=photo)},
        "/identity/{code}": {
            "get": operation("One identity", 200, [404], path=code),
            "delete": operation("Delete an identity", 204, [404], path=code),
        },
        "/identity/{code}/status": {"get": operation("Its preprocessing", 200, [404], path=code)},
        "/identity/{code}/metadata": {
            "patch": operation("Change its metadata", 200, [400, 404], path=code, body=metadata)
        },
        "/identity/{code}/pov": {"post": operation("Add a view", 200, [400, 404], path=code, form=view)},
    }


def _pictures() -> dict[str, Any]:
    place = ("job_id", "image_index")
    stuck = {**PAGE, "status": {"enum": ["pending", "processing"]}, "min_hours": INTEGER}
    images = {"status": STATUS, "feedback": {"enum": ["like", "dislike"]}}
    most: Schema = {"type": "integer", "minimum": 1, "maximum": 200}
    gallery = {
        **PAGE,
        **images,
        "job_id": TEXT,
        "job_type": TEXT,
        "ownership": {"enum": ["mine", "shared", "default"]},
        "search": TEXT,
        "sort_by": {"enum": ["created_at", "updated_at"]},
        "order": ORDER,
        "project_id": INTEGER,
        "max_images_per_job": most,
    }
    projects = {**PAGE, **images, "project_id": INTEGER, "max_images_per_project": most}
    given_up = object_of({"image_ids": list_of(INTEGER), "new_status": {"const": "failed"}})
    return {
        "/jobs/{job_id}/regenerate/{image_index}": {
            "post": operation("Draw anew", 200, [400, 402, 404], path=place, query={"group_index": INTEGER})
        },
        "/jobs/{job_id}/versions/{image_index}": {
            "get": operation("All versions", 200, [400, 404], path=place)
        },
        "/jobs/stuck-images": {"get": operation("What takes too long", 200, [400], query=stuck)},
        "/jobs/stuck-images/bulk-update": {"post": operation("Give up", 200, [400], body=given_up)},
        "/gallery/by-job": {"get": operation("Pictures by job", 200, [400], query=gallery)},
        "/gallery/by-project": {"get": operation("Pictures by project", 200, [400], query=projects)},
        "/download": {
            "post": operation("Archive a job", 200, [400, 404], body=object_of({"job_id": TEXT}, "job_id"))
        },
        "/download/bulk": {
            "post": operation(
                "Archive jobs", 200, [400, 404], body=object_of({"job_ids": list_of(TEXT)}, "job_ids")
            )
        },
    }


def _account() -> dict[str, Any]:
    made = object_of({"expiration": {"type": ["number", "string"]}}, "expiration")
    listed = {**PAGE, "order": ORDER, "include_expired": FLAG}
    renewed = object_of({"refresh_token": TEXT}, "refresh_token")
    return {
        "/auth/me": {"get": operation("The account", 200, [])},
        "/auth/token": {
            "get": operation("Its tokens", 200, [400], query=listed),
            "post": operation("Make a token", 200, [400], body=made),
        },
        "/auth/login": {"post": operation("Log in", 200, [])},
        "/auth/refresh": {"post": operation("Renew a login", 200, [400], body=renewed)},
        "/billing/credits": {"get": operation("Credits used", 200, [400], query=PERIOD)},
        "/billing/usage/{group_name}": {
            "get": operation(
                "Credits of a group",
                200,
                [400, 403],
                path=("group_name",),
                query={**PERIOD, "breakdown": {"enum": ["job_type", "user"]}},
            )
        },
    }
