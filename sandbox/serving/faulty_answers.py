"""What is answered in place of the API's own answer, as fault rules say."""

from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.account.account import Account
from sandbox.common.faults import Rule
from sandbox.common.settings import Settings
from sandbox.serving.wire import Answer

HTML_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
#: What the API says with each status, where the account's settings don't.
_TEXTS = {
    400: "Invalid request",
    401: "Invalid or expired token.",
    402: "Insufficient credits",
    403: "Output size exceeds the policy of the tier.",
    404: "Not found.",
    409: "An identity of this name already exists.",
    503: "Identity creation is not enabled.",
}


def in_place(fault: Rule, account: Account | None) -> Response:
    """The answer of a `status` rule: its own body, or else the documented one of its status."""
    if isinstance(fault.body, str):
        return Response(fault.body, status_code=fault.status, headers=fault.headers)
    content: Any = _documented(fault.status, account) if fault.body is None else fault.body
    return JSONResponse(content, status_code=fault.status, headers=fault.headers)


def garbage(fault: Rule, answer: Answer) -> Response:
    """Half of the answer that was withheld, or a proxy's page."""
    if fault.form == "html" or answer.withheld is None:
        return Response(HTML_PAGE, status_code=502, media_type="text/html")
    status, body = answer.withheld
    return Response(body[: len(body) // 2], status_code=status or 200, media_type="application/json")


def _documented(status: int, account: Account | None) -> dict[str, Any]:
    if status == 429:
        settings = account.settings if account else Settings()
        return {"error": settings.rate_limit_text}
    body: dict[str, Any] = {"error": _TEXTS.get(status, "Internal server error")}
    if status == 402:
        owned, reserved = (account.credits, account.reserved) if account else (0.0, 0.0)
        body |= {
            "required_credits": float(owned - reserved + 1),
            "in_progress_credits": float(reserved),
            "user_credits": float(owned),
        }
    return body
