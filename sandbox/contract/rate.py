"""The request windows of the paid endpoints."""

from starlette.requests import Request

from sandbox.account.account import Account
from sandbox.common.errors import ApiError
from sandbox.serving.context import account_of, world_of


def let_in(request: Request, endpoint: str) -> None:
    """Let a request of a paid endpoint in, or refuse it with 429 (guide: rate limit).

    One that a fault has processed later counts from its arrival: so does a limit in front of a slow API.
    """
    account, world = account_of(request), world_of(request)
    wait = request.state.wait
    if wait is None:
        wait = account.arrive(endpoint, world.clock.now())
    if wait > 0:
        settings = account.settings
        # The header counts the client's seconds, which the speed does not change.
        seconds = world.clock.real(wait) if settings.retry_after else None
        raise ApiError(429, settings.rate_limit_text, retry_after=seconds)


def accepted(account: Account, endpoint: str, now: float) -> None:
    """Count a request that was carried out."""
    account.windows[endpoint].accepted.note(now)
