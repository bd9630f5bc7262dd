"""What is at stake where descriptions of photos are tried again: their price, which the API does not tell."""

from photo_briefs import accept_photo
from stepping import Flow

from cli.shared.ordering import still_to_pay
from worker.ledger.transition import Transition
from worker.operations.stakes import stakes
from worker.views import snapshots


def test_a_description_is_at_stake_until_it_is_there(flow: Flow) -> None:
    there, failed = accept_photo(flow, kind="description"), accept_photo(flow, kind="description", batch="b")
    assert flow.finish(there).state == "done"
    flow.ledger.apply(flow.brief(failed), Transition("failed", fields={"error": "400: nobody is seen"}))
    sums = stakes(snapshots.by_ids(flow.client, [there, failed]))
    assert (sums.briefs, sums.descriptions, sums.drafts) == (2, 1, 0)
    assert still_to_pay(sums).endswith("at least 0 more and the price of 1 description to pay")
