"""`identity-worker audit`: proves from the journal that nothing was paid for twice."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli.shared.filtering import filtered
from cli.shared.opening import load_settings, open_redis, read_accounts
from cli.shared.output import DID_NOT, USED_WRONGLY, Json, fail, print_json, say
from config.settings import Settings
from config.text import counted, credits_text, printable
from worker.lifecycle.charges import Spent, spent
from worker.operations import audit
from worker.operations.audit import Audited, UnreadableRecordError
from worker.piktid.errors import (
    ApiError,
    NoApiError,
    NotSentError,
    OutcomeUnknownError,
    OutOfCreditsError,
    RedirectedError,
    ThrottledError,
    UnauthorizedError,
    UnavailableError,
)
from worker.selection.filter import Filter
from worker.selection.language import written
from worker.selection.selecting import candidates

if TYPE_CHECKING:
    import redis

    from worker.piktid.client import PiktID

#: What would go wrong with each brief of an account; any other answer is about the one that was asked for.
_OF_THE_ACCOUNT = (
    NotSentError,
    OutcomeUnknownError,
    UnauthorizedError,
    OutOfCreditsError,
    ThrottledError,
    UnavailableError,
    RedirectedError,
    NoApiError,
)
#: Briefs that are named as not checked; with --json all are.
MOST = 20

Finding = tuple[str, str]
"""A brief's id, and what of its charges is not as they should be."""


@filtered
def command(
    wanted: Filter,
    ask_api: Annotated[bool, typer.Option("--api", help="Ask the API for each job and identity.")] = False,
    recount: Annotated[
        bool, typer.Option("--recount", help="Only count anew how many briefs are in which state.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Name each brief whose charges are not what they should be, and sum up what was paid.

    Compares the journal of paid calls with the ledger. It expects one create for each brief, unless an
    operator decided otherwise, one promotion for each draft, and no call of unknown outcome that nothing
    follows up. --api asks about jobs and identities that are on record here, and finds no others.
    """
    values = load_settings()
    if recount:
        _recount(values, as_json=as_json)
        return
    findings: list[Finding] = []
    sums: dict[str, Spent] = defaultdict(lambda: Spent(0, 0, 0, 0))
    briefs = 0
    with open_redis(values) as client, _api(values, ask=ask_api) as api:
        for brief_id, audited in _all(client, wanted):
            briefs += 1
            if isinstance(audited, UnreadableRecordError):
                findings.append((brief_id, str(audited)))
                continue
            name = (audited.brief.batch if audited.brief else None) or ""
            one = spent(audited.journal, audited.brief.credits_of_drafts if audited.brief else None)
            sums[name] = Spent(*(a + b for a, b in zip(sums[name], one, strict=True)))  # type: ignore[arg-type]  # two of each field's type
            findings += [(brief_id, what) for what in (*audit.faults(audited), *api.faults(audited))]
    if wanted.chooses and not briefs:
        fail(f"no brief on record matches {printable(written(wanted))}")
    if as_json:
        told = [{"brief_id": brief_id, "what": what} for brief_id, what in findings]
        unasked = [each._asdict() for each in api.unasked.values()]
        credits_of = {name: each._asdict() for name, each in sums.items()}
        print_json({"briefs": briefs, "findings": told, "unasked": unasked, "batches": credits_of})
    else:
        _print(briefs, findings, sums)
        for each in api.unasked.values():
            say(printable(_unasked(each)))
    raise typer.Exit(DID_NOT if findings or api.unasked else 0)


def _recount(values: Settings, *, as_json: bool) -> None:
    # Not at the top: an audit writes nothing.
    from worker.ledger.ledger import Ledger
    from worker.operations import recounting
    from worker.shards.merged import clients_of

    with open_redis(values, writes=True) as client:
        number = sum(recounting.recount(Ledger(its, values), anew=True) for its in clients_of(client))
    if as_json:
        print_json({"briefs": number})
    else:
        say(f"{counted(number, 'brief')} counted anew")


def _all(client: "redis.Redis", wanted: Filter) -> Iterator[tuple[str, Audited | UnreadableRecordError]]:
    """Return the briefs that are meant, and those that can't be read."""
    if wanted == Filter(batch=wanted.batch) and "" not in wanted.batch:
        # Also those whose record is gone: what they were is not known, but in which list they stand.
        return chain.from_iterable(_listed(client, batch) for batch in wanted.batch or (None,))
    ids = (place.brief_id for place in candidates(client, wanted))
    meant = (each for each in audit.read_many(client, ids) if _is_meant(each[1], wanted))
    return islice(meant, wanted.limit)


def _is_meant(found: Audited | UnreadableRecordError, wanted: Filter) -> bool:
    return isinstance(found, UnreadableRecordError) or (
        found.brief is not None and wanted.matches(found.brief)
    )


def _listed(
    client: "redis.Redis", batch: str | None
) -> Iterator[tuple[str, Audited | UnreadableRecordError]]:
    """Read all briefs, or a batch's; one that finishes meanwhile comes once."""
    seen_open: set[str] = set()
    unseen = (brief_id for brief_id in audit.ids(client, batch) if brief_id not in seen_open)
    for brief_id, found in audit.read_many(client, unseen):
        if isinstance(found, Audited) and not (batch is None and found.brief and found.brief.finished):
            seen_open.add(brief_id)
        yield brief_id, found


class Unasked(NamedTuple):
    """An account whose API could not be asked, and the briefs that were not checked there for it."""

    account: str
    why: str
    brief_ids: list[str]


class _Api:
    """The API of each account, as an audit asks it; None: it is not asked."""

    def __init__(self, apis: "Mapping[str, PiktID] | None") -> None:
        self._apis = apis
        self._identities: dict[str, frozenset[str]] = {}
        self.unasked: dict[str, Unasked] = {}
        """The accounts that could not be asked: one that fails once is not asked for each brief again."""

    def faults(self, audited: Audited) -> list[str]:
        """Return where the API's records differ from ours."""
        if self._apis is None or audited.brief is None or audited.brief.faults:
            return []
        account = audited.brief.account
        if account not in self._apis:
            why = "it is not among the accounts here"
            self.unasked.setdefault(account, Unasked(account, why, []))
        if account in self.unasked:
            self.unasked[account].brief_ids.append(audited.brief_id)
            return []
        api = self._apis[account]
        try:
            if account not in self._identities:
                listed = api.own_identities()
                self._identities[account] = frozenset(each.identity_code for each in listed)
            return list(audit.faults_by_api(audited, api, self._identities[account]))
        except _OF_THE_ACCOUNT as error:
            self.unasked[account] = Unasked(account, str(error), [audited.brief_id])
            return []
        except ApiError as error:
            return [f"the API could not be asked: {error}"]


@contextmanager
def _api(values: Settings, *, ask: bool) -> Iterator[_Api]:
    if not ask:
        yield _Api(None)
        return
    from config.accounts.account import AccountsError
    from worker.network.pool import open_pool
    from worker.piktid.client import PiktID

    try:
        accounts = read_accounts(values).accounts
    except AccountsError as error:
        fail(str(error), USED_WRONGLY)
    with open_pool(timeout_read=values.request_timeout) as pool:
        yield _Api({name: PiktID(pool, values.api_url, each.token) for name, each in accounts.items()})


def _print(briefs: int, findings: list[Finding], sums: Mapping[str, Spent]) -> None:
    for brief_id, what in findings:
        say(printable(f"{brief_id}: {what}"))
    for name, sum_ in sorted(sums.items()):
        say(printable(f"{f'batch {name}' if name else 'no batch'}: {_sum(sum_)}"))
    wrong = len({brief_id for brief_id, _ in findings})
    typer.echo(f"{counted(briefs, 'brief')}, {wrong} not as {'it' if wrong == 1 else 'they'} should be")


def _unasked(each: Unasked) -> str:
    named, more = ", ".join(each.brief_ids[:MOST]), len(each.brief_ids) - MOST
    rest = f" and {more} more" if more > 0 else ""
    return f"account {each.account}: the API could not be asked: {each.why}; not checked there: {named}{rest}"


def _sum(spent: Spent) -> str:
    parts: list[Any] = [
        f"{credits_text(spent.drafts)} credits for drafts",
        f"{credits_text(spent.promotions)} for promotions",
    ]
    if spent.descriptions:
        parts.append(counted(spent.descriptions, "description"))
    if spent.unknown:
        parts.append(f"{counted(spent.unknown, 'paid call')} of unknown outcome")
    return ", ".join(parts)
