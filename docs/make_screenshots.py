"""Writes the pictures of the page (`make screenshots`): each view of a small installation that is at work.

It is a real one, as the demo's: a sandbox, a worker, a listener and the page; the browser is Debian's. They
show what an admin sees, who may do all.
"""

import json
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from os import environ
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from cli.commands.run.demo import EXAMPLES
from cli.demo.installation import running
from config import processes
from worker.store.connection import connect
from worker.views.counts import counts

FOLDER = Path(__file__).parent / "pictures"
#: Stands for the path of a brief that has gone its whole way, whichever has been first.
A_BRIEF = ""
#: By their names: the path, how wide the window is, and the theme.
PICTURES = {
    "overview": ("/", 1200, "light"),
    "briefs": ("/briefs?filter=state:open", 1200, "light"),
    "briefs-phone": ("/briefs?filter=state:open", 360, "dark"),
    "brief": (A_BRIEF, 1200, "light"),
    "gallery": ("/gallery", 1200, "light"),
    "log": ("/log", 1200, "dark"),
}
#: What people have said before, for the log.
WORDS = (
    ("pause", "--batch", "archive-catalog", "--by", "bea", "--why", "the old season can wait"),
    (
        "update",
        "--batch",
        "winter-catalog",
        "--priority",
        "20",
        "--by",
        "ada",
        "--why",
        "first snow",
        "--yes",
    ),
    ("limits", "default", "--jobs", "4", "--by", "ada", "--why", "others use the account today"),
)
SPEED, HEIGHT = 12.0, 800
#: Of each example a brief for each; and for every third of them a person chooses.
SEASONS, MANUAL = ("spring", "summer", "autumn", "winter", "festival", "archive"), 3
#: How many stand where when the pictures are taken.
WANTED = Counter(choosing=4, done=6, waiting=20)
DEADLINE = 180.0
#: Whether all pictures that are seen have come; and waits until those that have can be drawn.
_DECODED = """Promise.all([...document.images].filter(each => each.complete && each.naturalWidth)
.map(each => each.decode()))"""
_LOADED = """[...document.images].filter(each => each.getBoundingClientRect().top < innerHeight)
.every(each => each.complete && each.naturalWidth)"""
#: Colours of a picture: flat areas and a few faces need no more.
COLOURS = 128


def main() -> None:
    """Let an installation work until there is something to see, and take the pictures."""
    FOLDER.mkdir(exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("chromium is needed: apt-get install chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), SPEED, lambda: None) as installation,
    ):
        file = Path(folder) / "briefs.jsonl"
        file.write_text("".join(f"{json.dumps(each)}\n" for each in _briefs()), encoding="utf-8")
        _say(installation.redis_url, "enqueue", str(file), "--again")
        _wait(installation.redis_url)
        for words in WORDS:
            _say(installation.redis_url, *words)
        token = _say(installation.redis_url, "token", "ada", "--role", "admin").strip()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            url = installation.page_url.rstrip("/")
            known = _signed_in(browser, url, token)
            for name, (path, width, theme) in PICTURES.items():
                where = url + (path or _a_brief(browser, url, known))
                picture = _taken(browser, where, width, theme, known)
                (FOLDER / f"{name}.png").write_bytes(_small(picture))
            browser.close()


def _briefs() -> Iterator[dict[str, Any]]:
    for copy, season in enumerate(SEASONS):
        for number, file in enumerate(sorted(EXAMPLES.glob("*.json"))):
            brief = json.loads(file.read_text(encoding="utf-8"))
            chosen = {"choose": "manual"} if number % MANUAL == copy % MANUAL else {}
            yield {**brief, **chosen, "brief_id": f"{season}-{file.stem}", "batch": f"{season}-catalog"}


def _say(redis_url: str, *words: str) -> str:
    given = {**environ, "REDIS_URL": redis_url, "PIKTID_API_TOKEN": "sandbox-demo"}
    command = processes.python("cli", *words)
    done = subprocess.run(  # noqa: S603  # our own command
        command, env=given, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def _wait(redis_url: str) -> None:
    end = time.monotonic() + DEADLINE
    with connect(redis_url) as client:
        while time.monotonic() < end:
            states: Counter[str] = Counter()
            for where, number in counts(client).of.items():
                states[where.state] += number
            if states >= WANTED:
                return
            time.sleep(0.2)  # nothing tells when so many stand there
    raise SystemExit(f"not within {DEADLINE:g} s: {dict(states)}")


def _signed_in(browser: Browser, url: str, token: str) -> Any:
    """Return the cookies of somebody who has signed in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/page/sign-in")
    page.fill("#token", token)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/")
    return context.storage_state()


def _a_brief(browser: Browser, url: str, known: Any) -> str:
    page = browser.new_page(storage_state=known)
    page.goto(f"{url}/briefs?filter=state:done")
    path = page.locator("tbody th a").first.get_attribute("href")
    page.close()
    return path or "/"


def _taken(browser: Browser, url: str, width: int, theme: Any, known: Any) -> bytes:
    page = browser.new_page(
        viewport={"width": width, "height": HEIGHT}, color_scheme=theme, storage_state=known
    )
    page.goto(url)
    page.wait_for_load_state("load")
    if page.locator("[data-updates]").count():
        page.locator("#live.on").wait_for()
    while not page.evaluate(_LOADED):  # the page's policy forbids Playwright's own way of waiting
        page.wait_for_timeout(100)
    page.evaluate(_DECODED)
    page.wait_for_timeout(500)  # a frame or two, which nothing tells of
    picture: bytes = page.screenshot()
    page.close()
    return picture


def _small(picture: bytes) -> bytes:
    file = BytesIO()
    Image.open(BytesIO(picture)).convert("RGB").quantize(COLOURS).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
