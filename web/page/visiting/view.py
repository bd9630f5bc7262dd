"""A view as one value: where it is, what it does, and who may."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from web.page.visiting.visit import Visit
from worker.callers.tokens import Role


@dataclass(frozen=True)
class View:
    """What answers at a path; it runs in a thread. `act` may raise PageError and redis.RedisError."""

    path: str
    act: Callable[[Visit], Response]
    role: Role | None = Role.VIEWER
    """What one has to be; None: anybody, known or not."""
    writes: bool = False
    """Whether it takes a form: its CSRF token, and where it came from, are looked at before."""
    nav: str = ""
    """What it is called in the navigation; blank: it does not stand there."""
