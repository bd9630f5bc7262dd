"""Sends events on to a program that is being written: each once as it comes, signed as endpoints get them."""

import asyncio
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.shared.output import USED_WRONGLY, complain, fail, print_json, say
from config import durations
from config.errors import NetworkSettingsError
from config.text import printable
from worker.hooks.addresses import HookUrlError, parse
from worker.hooks.messages import message
from worker.hooks.posting import Posted, Poster
from worker.hooks.signing import HookSecretError, Secret, from_environment, from_file, new_secret
from worker.selection.patience import patiently
from worker.views import outbox

if TYPE_CHECKING:
    import redis


def forward(
    client: "redis.Redis",
    url: str,
    since: str,
    secret_env: str | None,
    secret_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Send events after the entry `since` until stopped; nothing is sent again and nothing put on record."""
    try:
        target, secrets = parse(url, private=True), _secrets(secret_env, secret_file)
    except (HookUrlError, HookSecretError) as error:
        fail(str(error), USED_WRONGLY)
    if secret_env is None and secret_file is None:
        complain(f"signed with {secrets[0].text.get_secret_value()}, which was made for this run")
    try:
        poster = Poster(private=True)
    except NetworkSettingsError as error:
        fail(str(error), USED_WRONGLY)
    with asyncio.Runner() as runner:
        try:
            for entry, text in _followed(client, since):
                body, headers = message(secrets, entry, text, time.time())
                began = time.monotonic()
                posted = runner.run(poster.post(target, body, headers))
                _tell(entry, json.loads(text), posted, time.monotonic() - began, as_json=as_json)
        finally:
            runner.run(poster.aclose())


def _followed(client: "redis.Redis", since: str) -> Iterator[tuple[str, str]]:
    block_ms = round(durations.REDIS_BLOCK_SECONDS * 1000)
    while True:
        for entry, text in patiently(partial(outbox.texts, client, since, block_ms=block_ms)):
            yield entry, text
            since = entry


def _secrets(secret_env: str | None, secret_file: Path | None) -> list[Secret]:
    if secret_env is not None:
        return from_environment(secret_env)
    return [new_secret()] if secret_file is None else from_file(secret_file)


def _tell(entry: str, event: dict[str, Any], posted: Posted, seconds: float, *, as_json: bool) -> None:
    took = round(seconds * 1000)
    if as_json:
        told = {"entryid": entry, "type": event["type"], "subject": event["subject"]}
        print_json(told | {"status": posted.status, "error": posted.why, "ms": took}, indent=None)
    else:
        came = posted.why or f"answered {posted.status}"
        say(printable(f"{entry}  {event['type']}  {event['subject']}  {came} ({took} ms)"))
