"""Which URLs are called, and how an id becomes a part of one."""

import ipaddress
from urllib.parse import quote

import httpx


def segment(name: str) -> str:
    """Return an id as one segment of a path; dots too, or `..` would climb to another endpoint."""
    return quote(name, safe="", errors="replace").replace(".", "%2E")


def is_safe(url: str) -> bool:
    """Whether a URL is https, or http to this machine, and names no user."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    if parsed.userinfo or not parsed.host:
        return False
    return parsed.scheme == "https" or (parsed.scheme == "http" and _is_loopback(parsed.host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
