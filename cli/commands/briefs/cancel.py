"""`identity-worker cancel`: end briefs, wherever they are."""

from cli.shared.filtering import filtered
from cli.shared.options import BriefOrDeadLetter, By, DryRun, Why, Yes, person
from cli.shared.output import Json
from worker.selection.filter import Filter


@filtered
def command(
    wanted: Filter,
    brief_id: BriefOrDeadLetter = None,
    dry_run: DryRun = False,
    why: Why = None,
    by: By = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """End briefs, and say what was already paid for them.

    A brief that waits ends at once. The API has no call that stops a job: a brief whose job is under way ends
    when the job does, and nothing more is bought for it. Identities that are already bought are still
    finished. A dead letter is thrown away. A filter means only briefs that are not finished.
    """
    # Not at the top: the help should not wait for its import.
    from cli.doing import cancelling
    from cli.shared.acting import Order

    cancelling.cancel(Order("cancel", person(by), why, dry_run, yes, as_json), wanted, brief_id)
