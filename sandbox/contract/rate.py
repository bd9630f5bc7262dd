"""The request windows of the paid endpoints."""

from starlette.requests import Request

from sandbox.account.account import Account
from sandbox.common.errors import ApiError
from sandbox.serving.context import account_of, world_of


def let_in(request: Request, endpoint: str, limit: int) -> None:
    """Count a request of a paid endpoint, or refuse it with 429 (guide: rate limit)."""
    account, now = account_of(request), world_of(request).clock.now()
    window = account.windows[endpoint]
    window.every.note(now)
    account.violations.requests_in_pause += now < window.pause_until
    wait = window.wait(now, limit)
    if wait > 0:
        window.pause_until = now + wait
        account.violations.requests_over_cap += 1
        settings = account.settings
        # The header counts the client's seconds, which the speed does not change.
        seconds = world_of(request).clock.real(wait) if settings.retry_after else None
        raise ApiError(429, settings.rate_limit_text, retry_after=seconds)


def accepted(account: Account, endpoint: str, now: float) -> None:
    """Count a request that was carried out."""
    account.windows[endpoint].accepted.note(now)
