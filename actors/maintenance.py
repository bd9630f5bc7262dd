"""Keeps an account's record true: counts its identities, frees permits and slots whose record is gone."""

import dramatiq

from actors import looking_back
from actors.boot import broker
from actors.runtime import Runtime, runtime
from config import durations, keys, logs
from config.accounts.expiry import last_end
from config.times import format_time
from worker.ledger.records import parse_subject
from worker.piktid.answers import RunState
from worker.piktid.errors import ApiError, NotFoundError
from worker.views import orphans
from worker.views.orphans import Orphan

log = logs.get("maintenance")


@dramatiq.actor(queue_name=keys.STEPS, broker=broker)
def count_identities(subject: str) -> None:
    """Count the account's own identities again, as people add and delete some, and ask for its credits."""
    rt = runtime()
    account = parse_subject(subject).name
    if not rt.begin(account, subject):
        return
    since = rt.ledger.now()
    try:
        identities = rt.apis[account].own_identities()
    except ApiError as error:
        log.warning("library.unread", account=account, error=str(error))
        return
    codes = [each.identity_code for each in identities]
    counted = rt.ledger.count_identities(account, codes, since, _balance(rt, account))
    log.info("library.counted", account=account, identities=counted)
    _look_at_token(rt, account)


def _look_at_token(rt: Runtime, name: str) -> None:
    """Once a day, warn of an account's token that ends soon."""
    account = rt.accounts.get(name)  # it may just have been removed
    if account is None or rt.ledger.has_seen_token(account):
        return
    try:
        ends = last_end(account.token, rt.apis[name].token_ends)
    except ApiError:
        ends = None  # whether the API tells is not certain (piktid-v2.md, section 1)
    if rt.ledger.saw_token(account, ends) and ends is not None:
        remedy = "make a new one and write it to its file, which is read again"
        log.warning("token.ending", account=name, ends_at=format_time(round(ends * 1000)), remedy=remedy)


def _balance(rt: Runtime, account: str) -> float | None:
    """Return an account's credits, for monitoring; None where the API does not say."""
    try:
        return rt.apis[account].me().credits
    except ApiError as error:
        log.warning("balance.unread", account=account, error=str(error))
        return None


@dramatiq.actor(queue_name=keys.STEPS, broker=broker)
def look_back(subject: str) -> None:
    """Find out what an account has bought of which the server has no record."""
    rt = runtime()
    account = parse_subject(subject).name
    if account in rt.apis and rt.begin(account, subject):
        looking_back.look_back(rt, account)


@dramatiq.actor(queue_name=keys.STEPS, broker=broker)
def release_orphan(subject: str) -> None:
    """Give back the job permit of a subject whose record is gone, once its job is known to be over."""
    rt = runtime()
    orphan = orphans.find(rt.ledger.client, list(rt.accounts), subject)
    if orphan is None or not rt.begin(orphan.account, subject):
        return
    over = _is_over(rt, orphan)
    log.warning("permit.orphan", subject=subject, over=over, **orphan._asdict())
    if over:
        rt.ledger.drop(orphan.account, subject)


def _is_over(rt: Runtime, orphan: Orphan) -> bool:
    api = rt.apis[orphan.account]
    try:
        if orphan.job_id is not None:
            return api.job_status(orphan.job_id).state is not RunState.RUNNING
        if orphan.identity_code is not None:
            return api.preprocessing(orphan.identity_code).state is not RunState.RUNNING
    except NotFoundError:
        return orphan.age_ms > rt.settings.api_ms(durations.EARLY_404_SECONDS)
    except ApiError:
        return False
    # Nobody knows a job to ask for: if there is one, it is over after this time from before its call.
    return orphan.age_ms > rt.paid_call_ms + rt.unresolved_ms
