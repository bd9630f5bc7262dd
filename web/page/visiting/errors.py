"""What is told when a visit comes to nothing."""

from http import HTTPStatus

from config.errors import IdentityWorkerError
from worker.callers.tokens import Caller, Role


class PageError(IdentityWorkerError):
    """Raised when something is not shown or not done; becomes its answer, in words.

    `do` says what to do next.
    """

    def __init__(self, status: HTTPStatus, told: str, do: str = "") -> None:
        super().__init__(told)
        self.status, self.told, self.do = status, told, do


def forbidden(told: str, do: str = "") -> PageError:
    """Return the error of what one may not."""
    return PageError(HTTPStatus.FORBIDDEN, told, do)


def forbidden_to(caller: Caller, role: Role) -> PageError:
    """Return the error of what a role may that the visitor has not."""
    do = f"`identity-worker token NAME --role {role}` makes a token that may."
    return forbidden(f"{caller.name} is no {role}, and may not do this.", do)


def not_found(what: str) -> PageError:
    """Return the error of what is not there, or is nothing that the visitor may see."""
    return PageError(HTTPStatus.NOT_FOUND, f"There is no {what}.", "See the briefs.")


def wrong(told: str) -> PageError:
    """Return the error of what was asked for wrongly."""
    return PageError(HTTPStatus.BAD_REQUEST, told)
