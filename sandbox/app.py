"""The whole sandbox as one ASGI application: every endpoint in one table."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from sandbox.account.world import World
from sandbox.common.errors import ApiError
from sandbox.contract.create import create_identity
from sandbox.contract.extraction import extract_from_image, extract_from_text
from sandbox.contract.identities import delete_identity, identity_detail, identity_status
from sandbox.contract.jobs import job_results, job_status
from sandbox.contract.library import list_identities
from sandbox.contract.notifications import delete_notification, poll_notifications
from sandbox.contract.pictures import draft_picture
from sandbox.contract.promote import promote_generated
from sandbox.contract.stream import EventStream
from sandbox.contract.uploads import get_file, put_file, upload
from sandbox.contract.webhooks import check_webhook, put_webhook
from sandbox.control.faults import add_faults, clear_faults, list_faults
from sandbox.control.journal import read_journal
from sandbox.control.ledger import read_ledger
from sandbox.control.others import start_other_jobs
from sandbox.control.overview import overview
from sandbox.control.settings import change_settings, reset
from sandbox.extras.account import me
from sandbox.extras.billing import credits_used, group_usage
from sandbox.extras.downloads import archive, download, download_bulk
from sandbox.extras.gallery import by_job, by_project
from sandbox.extras.identity_files import add_pov, upload_identity
from sandbox.extras.metadata import change_metadata
from sandbox.extras.openapi import openapi
from sandbox.extras.stuck import give_up_images, stuck_images
from sandbox.extras.tokens import list_tokens, login, make_token, refresh
from sandbox.extras.versions import list_versions, regenerate_image
from sandbox.serving.gate import Gate

ROUTES: list[BaseRoute] = [
    # The flow, in the order of the guide
    Route("/identity/create", create_identity, methods=["POST"]),
    Route("/jobs/{job_id}/status", job_status),
    Route("/jobs/{job_id}/results", job_results),
    Route("/identity/promote-generated", promote_generated, methods=["POST"]),
    # Events
    Route("/notifications/events", EventStream(), methods=["GET"]),
    Route("/notifications/{id}", delete_notification, methods=["DELETE"]),
    Route("/notifications", poll_notifications, methods=["POST"]),
    Route("/webhooks", put_webhook, methods=["PUT"]),
    Route("/webhooks/test", check_webhook, methods=["POST"]),
    # From a photo, or from words
    Route("/upload", upload, methods=["POST"]),
    Route("/preset/extract-from-image", extract_from_image, methods=["POST"]),
    Route("/preset/extract-from-text", extract_from_text, methods=["POST"]),
    # The library
    Route("/identity", list_identities),
    Route("/identity/upload", upload_identity, methods=["POST"]),
    Route("/identity/{code}/metadata", change_metadata, methods=["PATCH"]),
    Route("/identity/{code}/pov", add_pov, methods=["POST"]),
    Route("/identity/{code}/status", identity_status),
    Route("/identity/{code}", identity_detail),
    Route("/identity/{code}", delete_identity, methods=["DELETE"]),
    # Jobs and their pictures afterwards
    Route("/jobs/{job_id}/regenerate/{image_index}", regenerate_image, methods=["POST"]),
    Route("/jobs/{job_id}/versions/{image_index}", list_versions),
    Route("/jobs/stuck-images", stuck_images),
    Route("/jobs/stuck-images/bulk-update", give_up_images, methods=["POST"]),
    Route("/gallery/by-job", by_job),
    Route("/gallery/by-project", by_project),
    Route("/download", download, methods=["POST"]),
    Route("/download/bulk", download_bulk, methods=["POST"]),
    # The account
    Route("/auth/me", me),
    Route("/auth/token", list_tokens),
    Route("/auth/token", make_token, methods=["POST"]),
    Route("/auth/login", login, methods=["POST"]),
    Route("/auth/refresh", refresh, methods=["POST"]),
    Route("/billing/credits", credits_used),
    Route("/billing/usage/{group_name}", group_usage),
    # What stands for other hosts
    Route("/cdn/archive.zip", archive),
    Route("/cdn/{kind}/{file}", draft_picture),
    Route("/storage/{file_id}", put_file, methods=["PUT"]),
    Route("/storage/{file_id}", get_file),
    Route("/openapi.json", openapi),
    # Control
    Route("/_sandbox/", overview),
    Route("/_sandbox/ledger", read_ledger),
    Route("/_sandbox/settings", change_settings, methods=["POST"]),
    Route("/_sandbox/reset", reset, methods=["POST"]),
    Route("/_sandbox/faults", list_faults),
    Route("/_sandbox/faults", add_faults, methods=["POST", "PUT"]),
    Route("/_sandbox/faults", clear_faults, methods=["DELETE"]),
    Route("/_sandbox/other-jobs", start_other_jobs, methods=["POST"]),
    Route("/_sandbox/journal", read_journal),
]


def build_app(world: World) -> ASGIApp:
    """The application around one world."""
    app = Starlette(
        routes=ROUTES, exception_handlers={ApiError: _answer_error, HTTPException: _answer_http_error}
    )
    app.state.world = world
    return Gate(app, world, ROUTES)


async def _answer_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)  # noqa: S101  # tells the type checker what Starlette promises
    return JSONResponse(error.body, status_code=error.status, headers=error.headers)


async def _answer_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  # tells the type checker what Starlette promises
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)
