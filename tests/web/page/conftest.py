"""People who visit the page: with cookies as a browser keeps them, or in a real one."""

import shutil
from collections.abc import Callable, Iterator

import httpx
import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright
from support import DEADLINE
from web_inlet import Web

from worker.callers import tokens
from worker.callers.tokens import Caller, Role

#: A narrow phone, and a wide screen.
PHONE, SCREEN = 360, 1400


class Person:
    """A browser without a screen: it keeps cookies, and sends forms as browsers do."""

    def __init__(self, url: str, **headers: str) -> None:
        self.http = httpx.Client(base_url=url, headers=headers, timeout=DEADLINE)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers=headers)

    def send(self, path: str, origin: str | None = None, **fields: str) -> httpx.Response:
        """Send the form of a page that was just loaded."""
        page = self.http.get("/page/sign-in").text
        csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
        headers = {"Origin": str(self.http.base_url).rstrip("/") if origin is None else origin}
        return self.http.post(path, data={"csrf": csrf} | fields, headers=headers)

    def sign_in(self, token: str) -> httpx.Response:
        return self.send("/page/sign-in", token=token, then="/")


@pytest.fixture
def url(web: Web) -> str:
    return f"http://127.0.0.1:{web.port}"


@pytest.fixture
def person(url: str) -> Iterator[Callable[..., Person]]:
    """Make somebody who visits the page; with a role, signed in."""
    people: list[Person] = []

    def make(token: str | None = None, **headers: str) -> Person:
        people.append(Person(url, **headers))
        if token is not None:
            assert people[-1].sign_in(token).status_code == 303
        return people[-1]

    yield make
    for each in people:
        each.http.close()


@pytest.fixture
def token(client: "redis.Redis") -> Callable[..., str]:
    """Make a token of a role."""

    def make(role: Role = Role.OPERATOR, name: str = "anna", **more: object) -> str:
        return tokens.make(client, Caller(name, role, **more))

    return make


# Not of the session: as long as it runs, no other test of this process can run a loop of asyncio.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, one for all tests of a module."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("the page is not tried in a browser: apt-get install chromium")
    expect.set_options(DEADLINE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def browsing(chromium: Browser, url: str) -> Iterator[Callable[..., Page]]:
    """Open the page in a window of its own; what it logs as an error, or asks of others, fails the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_(
        token: str | None = None, width: int = SCREEN, theme: str = "light", *, quiet: bool = False
    ) -> Page:
        contexts.append(
            chromium.new_context(
                base_url=url,
                viewport={"width": width, "height": 900},
                color_scheme=theme,
                reduced_motion="reduce",
            )
        )
        contexts[-1].set_default_timeout(DEADLINE * 1000)
        page = contexts[-1].new_page()
        page.on("console", lambda said: said.type == "error" and not quiet and wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: _is_ours(asked, url) or wrong.append(asked.url))
        if token is not None:
            page.goto("/page/sign-in")
            page.fill("#token", token)
            page.keyboard.press("Enter")
            page.wait_for_url("/")
        return page

    yield open_
    for each in contexts:
        each.close()
    assert wrong == []


def _is_ours(asked: Request, url: str) -> bool:
    """Whether a browser asks for what is ours, or for a picture of a draft."""
    return asked.url.startswith((url, "data:")) or asked.resource_type == "image"
