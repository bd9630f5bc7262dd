"""What a visitor does to one brief: by the operations of the HTTP API, and with their words where not."""

from collections.abc import Callable, Mapping
from typing import Any

from config.accounts.account import AccountsError
from config.accounts.reading import load_account
from web.page.visiting.errors import PageError, not_found, wrong
from web.page.visiting.visit import Visit
from web.v1.problems import ProblemError
from web.v1.steering import Steering
from worker.network.pool import open_pool
from worker.piktid.client import PiktID
from worker.piktid.errors import ApiError
from worker.shards.merged import clients_of, holder_of
from worker.views import snapshots
from worker.views.models import BriefView

Body = Mapping[str, Any]
#: What a form may ask for, by its field `what`.
WHATS = ("pick", "choose_again", "retry", "cancel", "update", "resend", "give_up", "adopt")


def seen(visit: Visit, brief_id: str) -> BriefView:
    """Return a brief that the visitor may see. Raises PageError where there is none."""
    found = snapshots.brief(visit.client, brief_id)
    if found is None or not visit.caller.may_use(found.account):
        raise not_found("brief of this id that you may see")
    return found


def steer(visit: Visit, brief: BriefView, what: str, body: Body) -> dict[str, Any]:
    """Do something to a brief; return what came of it. Raises PageError."""
    holder, first = holder_of(visit.client, brief.brief_id), clients_of(visit.client)[0]
    steering = Steering(holder, visit.settings, visit.caller, visit.by, first=first)
    try:
        if what == "adopt":
            return _adopted(visit, steering, brief, body)
        act: Callable[[str, Body], dict[str, Any]] = getattr(
            steering, "pick" if what == "choose_again" else what
        )
        return act(brief.brief_id, body)
    except ProblemError as problem:
        raise PageError(problem.status, str(problem)) from problem


def _adopted(visit: Visit, steering: Steering, brief: BriefView, body: Body) -> dict[str, Any]:
    try:
        account = load_account(visit.settings, brief.account)
    except AccountsError as error:
        raise wrong(str(error)) from error
    if account is None:
        raise wrong(f"Account {brief.account} is not among the accounts of this process.")
    with open_pool(timeout_read=visit.settings.request_timeout) as pool:
        try:
            return steering.adopt(brief.brief_id, body, PiktID(pool, visit.settings.api_url, account.token))
        except ApiError as error:
            raise wrong(f"The API could not be asked for that job: {error}") from error
