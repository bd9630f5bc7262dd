"""One visit: what its view needs, and what the view answers with."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from config.settings import Settings
from web.metrics.readings import Readings
from web.page.visiting import rendering
from web.page.visiting.errors import PageError, forbidden
from web.page.visiting.forms import Form
from web.page.visiting.visitors import Visitor
from worker.callers.tokens import Caller, Role

if TYPE_CHECKING:
    import redis

#: The cookie in which a browser keeps which theme was chosen; none: that of the system.
_THEME = "identity-worker-theme"
_THEMES = ("light", "dark")


@dataclass(frozen=True)
class Visit:
    """A request of somebody who may make it."""

    request: Request
    visitor: Visitor | None
    """None where the view needs none, or nobody is known."""
    client: "redis.Redis"
    """Reads all shards as one; what changes something goes to the shard of the account or brief."""
    settings: Settings
    readings: Readings
    carry_on: Callable[[], None]
    """Has this process look at once for orders that are to be carried out."""
    nav: tuple[tuple[str, str], ...] = ()
    """Addresses of the views that stand in the navigation, and what they are called."""
    csrf: str = ""
    form: Form = field(default_factory=Form)

    @property
    def caller(self) -> Caller:
        """Who visits. Raises PageError where nobody is known."""
        if self.visitor is None:
            raise forbidden("Sign in first.")
        return self.visitor.caller

    @property
    def is_part(self) -> bool:
        """Whether htmx asks, for a part of what is shown."""
        return "hx-request" in self.request.headers

    def may(self, role: str) -> bool:
        """Return whether the visitor may what a role may: for templates, which show no more than that."""
        return self.visitor is not None and self.visitor.caller.may(Role(role))

    @property
    def by(self) -> str:
        """Who visits, for the log of actions."""
        return "" if self.visitor is None else self.visitor.by

    @property
    def before(self) -> str:
        """Where one asks again for what failed: this view, or that which the form was on; blank: unknown."""
        if self.request.method == "GET":
            url = self.request.url
            return f"{url.path}?{url.query}" if url.query else url.path
        # A browser tells it to pages of the same origin (Referrer-Policy); none of a form is a view.
        came = urlsplit(self.request.headers.get("referer", ""))
        if not came.path or came.netloc != self.request.headers.get("host", ""):
            return ""
        return own_path(f"{came.path}?{came.query}" if came.query else came.path)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Answer with a whole page."""
        theme = self.request.cookies.get(_THEME)
        shown = theme if theme in _THEMES else ""
        text = rendering.render(template, visit=self, theme=shown, **values)
        return HTMLResponse(text, status)

    def part(self, template: str, **values: Any) -> Response:
        """Answer with a part of a page; with nothing, 204, where the browser shows the same already."""
        text = rendering.render(template, visit=self, **values)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        if self.request.headers.get("x-seen") == digest:
            return Response(status_code=204)
        return HTMLResponse(text, headers={"X-Digest": digest})

    def go_to(self, path: str) -> Response:
        """Send the browser on to another view of ours."""
        if self.is_part:
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, 303)

    def failed(self, error: PageError) -> Response:
        """Answer with what went wrong, in words."""
        if self.is_part:
            return HTMLResponse(rendering.render("told.html", error=error), error.status)
        return self.page("error.html", error.status, error=error)


def own_path(text: str) -> str:
    """Return an address of ours that a form names, the first view for any other."""
    parts = urlsplit(text)
    is_ours = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.netloc
    return text if is_ours and text.isprintable() else "/"
