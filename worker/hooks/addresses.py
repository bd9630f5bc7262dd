"""Checks the URL of an endpoint, so that a wrong one is refused before anything is sent."""

from typing import TYPE_CHECKING

from config.errors import IdentityWorkerError

if TYPE_CHECKING:
    import httpcore


class HookUrlError(IdentityWorkerError):
    """Raised when a URL can't be an endpoint's; does not quote it, as it may hold a password."""


def parse(url: str, *, private: bool) -> "httpcore.URL":
    """Return a URL as it is called; `private` allows http. Raises HookUrlError."""
    # Not at the top: to list endpoints, of which there may be none, takes no client.
    import httpcore
    import httpx

    try:
        read = httpx.URL(url)
        host = read.host
    except (httpx.InvalidURL, ValueError):
        raise HookUrlError("the URL can't be read") from None
    if read.userinfo:
        raise HookUrlError("the URL must not hold a user's name or password: messages are signed instead")
    if read.scheme != "https" and not (private and read.scheme == "http"):
        raise HookUrlError("the URL must be https; IDENTITY_WORKER_HOOKS_PRIVATE=true allows http")
    if not host:
        raise HookUrlError("the URL must name a host")
    return httpcore.URL(scheme=read.raw_scheme, host=read.raw_host, port=read.port, target=read.raw_path)
