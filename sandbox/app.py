"""The whole sandbox as one ASGI application: every endpoint in one table."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from sandbox.api.account import credits_used, me
from sandbox.api.create import create_identity
from sandbox.api.extraction import extract_from_image
from sandbox.api.identities import delete_identity, identity_detail, identity_status, list_identities
from sandbox.api.jobs import job_results, job_status
from sandbox.api.notifications import delete_notification, poll_notifications
from sandbox.api.openapi import openapi
from sandbox.api.pictures import draft_picture
from sandbox.api.promote import promote_generated
from sandbox.api.stream import EventStream
from sandbox.api.uploads import get_file, put_file, upload
from sandbox.api.webhooks import check_webhook, put_webhook
from sandbox.control.faults import add_faults, clear_faults, list_faults
from sandbox.control.journal import read_journal
from sandbox.control.ledger import read_ledger
from sandbox.control.others import start_other_jobs
from sandbox.control.overview import overview
from sandbox.control.settings import change_settings, reset
from sandbox.errors import ApiError
from sandbox.gate import Gate
from sandbox.world import World

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
    # From a photo
    Route("/upload", upload, methods=["POST"]),
    Route("/preset/extract-from-image", extract_from_image, methods=["POST"]),
    # The library
    Route("/identity", list_identities),
    Route("/identity/{code}/status", identity_status),
    Route("/identity/{code}", identity_detail),
    Route("/identity/{code}", delete_identity, methods=["DELETE"]),
    # The account
    Route("/auth/me", me),
    Route("/billing/credits", credits_used),
    # What stands for other hosts
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
    Route("/_sandbox/faults", add_faults, methods=["POST"]),
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
    assert isinstance(error, ApiError)  # noqa: S101 (tells the type checker what Starlette promises)
    return JSONResponse(error.body, status_code=error.status, headers=error.headers)


async def _answer_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 (tells the type checker what Starlette promises)
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)
