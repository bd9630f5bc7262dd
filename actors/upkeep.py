"""What keeps an account's picture true, beside the path of its briefs."""

import dramatiq

from actors.broker import broker
from actors.process import process
from config import keys, logs
from worker.api_errors import ApiError

log = logs.get("upkeep")


@dramatiq.actor(queue_name=keys.STEPS, broker=broker)
def count_identities(subject: str) -> None:
    """Count the account's own identities anew: people add and delete some by hand, too."""
    run = process()
    account = subject.partition(":")[2]
    if account not in run.apis:
        return
    since = run.ledger.now()
    try:
        identities = run.apis[account].own_identities()
    except ApiError as error:
        log.warning("library.unread", account=account, error=str(error))
        return
    counted = run.ledger.count_identities(account, [each.identity_code for each in identities], since)
    log.info("library.counted", account=account, identities=counted)
