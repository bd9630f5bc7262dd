"""GET /auth/me and GET /billing/credits (reference, section 2.8)."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.api.context import account_of
from sandbox.dates import today


async def me(request: Request) -> JSONResponse:
    """Who the token belongs to, with the balance in credits."""
    account = account_of(request)
    return JSONResponse(
        {
            "username": account.username,
            "email": f"{account.username}@example.com",
            "name": account.username,
            "surname": "",
            "verified": True,
            "contract": "enterprise" if account.settings.enterprise else account.settings.tier,
            "affiliation": None,
            "groups": [],
            "last_active": today(),
            "credits": account.credits,
        }
    )
