"""`identity-worker audit`: proves from the journal that nothing was paid for twice."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.common import (
    DID_NOT,
    USED_WRONGLY,
    Json,
    fail,
    load_settings,
    open_redis,
    print_json,
    printable,
    say,
)
from config.accounts import BadAccounts, load_accounts
from config.settings import Settings
from worker import audit
from worker.api_errors import ApiError
from worker.audit import Audited, Spent

if TYPE_CHECKING:
    import redis

    from worker.piktid import PiktID

Finding = tuple[str, str]
"""A brief's id, and what of its charges is not as it should be."""


def command(
    batch: Annotated[str | None, typer.Option(help="Only the briefs of this batch.")] = None,
    ask_api: Annotated[bool, typer.Option("--api", help="Ask the API for each job and identity.")] = False,
    as_json: Json = False,
) -> None:
    """Name each brief whose charges are not what they should be, and sum up what was paid.

    Reads only. Compares the journal of paid calls with the ledger: one create for each brief unless an
    operator said otherwise, one promotion for each draft, nothing of unknown outcome that nobody looks after.
    """
    values = load_settings()
    findings: list[Finding] = []
    sums: dict[str, Spent] = defaultdict(lambda: Spent(0, 0, 0, 0))
    briefs = 0
    with open_redis(values) as client, _api(values, ask=ask_api) as api:
        for audited in _all(client, batch):
            briefs += 1
            name = audited.brief.batch or ""
            one = audit.spent(audited)
            sums[name] = Spent(*(a + b for a, b in zip(sums[name], one, strict=True)))  # type: ignore[arg-type]
            found = [*audit.faults(audited), *api.faults(audited)]
            findings += [(audited.brief.brief_id, what) for what in found]
    if as_json:
        told = [{"brief_id": brief_id, "what": what} for brief_id, what in findings]
        credits_of = {name: spent._asdict() for name, spent in sums.items()}
        print_json({"briefs": briefs, "findings": told, "batches": credits_of})
    else:
        _print(briefs, findings, sums)
    raise typer.Exit(DID_NOT if findings else 0)


def _all(client: "redis.Redis", batch: str | None) -> Iterator[Audited]:
    """Read all briefs, a page at a time; one that finishes meanwhile comes once."""
    names = audit.ids(client, batch)
    seen_open: set[str] = set()
    while page := list(islice(names, audit.PAGE)):
        for audited in audit.read(client, [each for each in page if each not in seen_open]):
            if not audited.brief.finished or batch is not None:
                seen_open.add(audited.brief.brief_id)
            yield audited


class _Api:
    """The API as an audit asks it; without accounts it finds nothing."""

    def __init__(self, apis: "Mapping[str, PiktID]") -> None:
        self._apis = apis
        self._identities: dict[str, frozenset[str]] = {}

    def faults(self, audited: Audited) -> list[str]:
        """Return what the API has otherwise than we."""
        account = audited.brief.account
        if account not in self._apis or audited.brief.faults:
            return []
        api = self._apis[account]
        try:
            if account not in self._identities:
                listed = api.own_identities()
                self._identities[account] = frozenset(each.identity_code for each in listed)
            return list(audit.faults_by_api(audited, api, self._identities[account]))
        except ApiError as error:
            return [f"the API could not be asked: {error}"]


@contextmanager
def _api(values: Settings, *, ask: bool) -> Iterator[_Api]:
    if not ask:
        yield _Api({})
        return
    from worker.piktid import PiktID, open_pool

    try:
        accounts = load_accounts(values)
    except BadAccounts as error:
        fail(str(error), USED_WRONGLY)
    with open_pool(timeout_read=values.request_timeout) as pool:
        yield _Api({name: PiktID(pool, values.api_url, each.token) for name, each in accounts.items()})


def _print(briefs: int, findings: list[Finding], sums: Mapping[str, Spent]) -> None:
    for brief_id, what in findings:
        say(printable(f"{brief_id}: {what}"))
    for name, spent in sorted(sums.items()):
        say(printable(f"{f'batch {name}' if name else 'no batch'}: {_sum(spent)}"))
    wrong = len({brief_id for brief_id, _ in findings})
    typer.echo(f"{briefs} briefs, {wrong} not as they should be")


def _sum(spent: Spent) -> str:
    parts: list[Any] = [f"{spent.drafts:g} credits for drafts", f"{spent.promotions:g} for promotions"]
    if spent.descriptions:
        parts.append(f"{spent.descriptions} descriptions")
    if spent.unknown:
        parts.append(f"{spent.unknown} paid calls of unknown outcome")
    return ", ".join(parts)
