"""GET /auth/me (reference, section 2.8)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.account import Account
from sandbox.common.dates import today
from sandbox.serving.context import account_of

_PERSONAL = ("address", "country", "vat_num", "company_role", "company_type", "segment")
_LISTS = ("product_categories", "target_audiences", "use_cases")


async def me(request: Request) -> JSONResponse:
    """Who the token belongs to, with the balance in credits."""
    return JSONResponse(profile(account_of(request)))


def profile(account: Account) -> dict[str, Any]:
    """What an account is told of itself."""
    return {
        "username": account.username,
        "email": f"{account.username}@example.com",
        "name": account.username,
        "surname": "",
        "verified": True,
        "contract": "enterprise" if account.settings.enterprise else account.settings.tier,
        "affiliation": None,
        # Each account owns one group, of which it is the only member.
        "groups": [account.username],
        "last_active": today(),
        # What a person fills in for bills and statistics; nobody does here.
        **dict.fromkeys(_PERSONAL),
        **{name: [] for name in _LISTS},
        "billing_destination": None,
        "credits": account.credits,
    }
