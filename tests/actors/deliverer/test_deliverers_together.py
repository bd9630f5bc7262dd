"""Several deliverers share the events and the endpoints: each message is sent once, in order."""

from collections import Counter

from delivering import add, delivering, until_sent
from stepping import Flow
from support import events

from tests.worker.hooks.receivers import receiving


def test_two_at_once_send_each_message_once_and_in_order(heard: Flow) -> None:
    with receiving() as one, receiving() as other:
        add(heard, one, "one")
        add(heard, other, "other")
        with delivering(heard), delivering(heard):
            briefs = [heard.accept(choose="first") for _ in range(5)]
            for brief_id in briefs:
                heard.finish(brief_id)
            until_sent(heard)
    for receiver in (one, other):
        came = Counter(
            event["id"] for each in receiver.deliveries if (event := each.event)["data"]["brief_id"]
        )
        assert came == Counter(event["id"] for event in events(heard.client))
        for brief_id in briefs:
            assert receiver.ids(brief_id) == [event["id"] for event in events(heard.client, brief_id)]
