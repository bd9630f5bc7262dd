"""Writes what a run of the demo leaves: `summary.json`, and a folder for each identity."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import redis
from pydantic import SecretStr

from cli.demo import identity_folders
from cli.demo.folder_names import folder_name
from cli.demo.installation import TOKEN
from cli.demo.summary import summarize
from worker.export import provenance
from worker.export.fetching import Links
from worker.network.pool import open_pool
from worker.piktid.client import PiktID
from worker.views import outbox, snapshots
from worker.views.models import BriefView
from worker.views.outbox import CloudEvent


def collect(
    client: "redis.Redis",
    api_url: str,
    briefs: Sequence[BriefView],
    output: Path,
    check: Callable[[], None],
    fetched: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Write the folders of the identities that are ready, and return the run's summary.

    `check` may raise between two identities; `fetched` is told how many are written. Raises ApiError when the
    API does not give what is needed, PictureError for a picture, and httpx.HTTPError when the sandbox's
    ledger can't be had.
    """
    happened, count = _all_events(client), 0
    with open_pool() as pool:
        api = PiktID(pool, api_url, SecretStr(TOKEN))
        names = {identity.identity_code: identity.name for identity in api.own_identities()}
        for brief in briefs:
            journal = snapshots.journal(client, brief.brief_id)
            for promotion in brief.promotions:
                draft = promotion.image_result_id
                if promotion.state != "ready" or promotion.identity_code is None or draft is None:
                    continue
                check()
                name = names.get(promotion.identity_code)
                metadata = provenance.describe(brief, promotion, name, journal)
                links = Links(pool, api, brief.job_id)
                picture = links.fetch(draft, promotion.url)
                identity_folders.write(output / folder_name(promotion.identity_code), metadata, picture)
                count += 1
                fetched(count)
        return summarize(briefs, names, happened, _account(api_url))


def write_summary(output: Path, summary: dict[str, Any]) -> None:
    """Write `summary.json`, and remove what the run that it told of before has left and this one has not."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / "summary.json"
    for code in _codes_in(path) - _codes(summary):
        identity_folders.remove(output / folder_name(code))
    text = json.dumps(summary, ensure_ascii=False, indent=2)
    path.write_text(text + "\n", encoding="utf-8")


def _codes_in(path: Path) -> set[str]:
    """Return the identities that a summary lists; of a file that is none of ours, none."""
    try:
        return {str(code) for code in _codes(json.loads(path.read_text(encoding="utf-8")))}
    except (OSError, ValueError, TypeError, KeyError):
        return set()


def _codes(summary: dict[str, Any]) -> set[str]:
    return {each["identity_code"] for brief in summary["briefs"] for each in brief["identities"]}


def _all_events(client: "redis.Redis") -> list[CloudEvent]:
    found: list[CloudEvent] = []
    since = "0"
    while entries := outbox.read(client, since):
        found += [entry.event for entry in entries]
        since = entries[-1].id
    return found


def _account(api_url: str) -> dict[str, Any]:
    """Return what the sandbox has on record of the demo's account."""
    answer = httpx.get(f"{api_url}/_sandbox/ledger", params={"account": TOKEN}, trust_env=False)
    account: dict[str, Any] = answer.raise_for_status().json()["accounts"][TOKEN]
    return account
