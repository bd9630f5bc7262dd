"""POST /notifications and DELETE /notifications/{id} (reference, sections 3.3 and 3.4)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.common.errors import ApiError, Fault, invalid
from sandbox.jobs.publishing import forget_old
from sandbox.serving.context import account_of, json_object, world_of


async def poll_notifications(request: Request) -> JSONResponse:
    """The events of the asked names that are not deleted, oldest first."""
    account, body = account_of(request), await json_object(request)
    names, tasks = body.get("name_list"), body.get("id_task")
    wanted = [names] if isinstance(names, str) else names
    if not isinstance(wanted, list):
        raise invalid([Fault("name_list", "Must be a name or a list of names.")])
    if not isinstance(tasks, list | None):
        raise invalid([Fault("id_task", "Must be a list of job ids.")])
    forget_old(account, world_of(request).clock.now())
    return JSONResponse(
        [
            event.public()
            for event in account.notifications.values()
            if event.name in wanted and (tasks is None or event.task in tasks)
        ]
    )


async def delete_notification(request: Request) -> Response:
    """Forget an event, so that it is not replayed."""
    account, number = account_of(request), request.path_params["id"]
    forget_old(account, world_of(request).clock.now())
    event = account.notifications.pop(int(number), None) if number.isdecimal() else None
    if event is None:
        raise ApiError(404, "Notification not found.")
    account.violations.foreign_notifications_deleted += event.foreign
    return Response(status_code=204)
