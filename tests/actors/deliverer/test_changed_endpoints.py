"""What a person changes of endpoints while a deliverer runs: secrets, pauses, sending again, removal."""

import stat
from pathlib import Path

import pytest
from delivering import add, delivering, private, standing, until_sent
from stepping import Flow
from support import events, eventually

from config import keys
from tests.worker.hooks.receivers import OTHER, SECRET, receiving
from worker.hooks.endpoints import Endpoint
from worker.hooks.operating import EndpointError, Endpoints, of_brief, since
from worker.hooks.signing import HookSecretError
from worker.operations import actions


@pytest.fixture
def change(flow: Flow) -> Endpoints:
    return Endpoints(flow.client, private(flow), "me", "a test")


def test_a_rotated_secret_signs_beside_the_one_before_until_that_ends(flow: Flow, change: Endpoints) -> None:
    with receiving() as receiver:
        endpoint = add(flow, receiver)
        (old,) = receiver.secrets
        new = change.rotate(endpoint, 3_600_000)
        receiver.secrets = [old, new]
        with delivering(flow):
            flow.accept(brief_id="a")
            receiver.wait(1)
            newest = change.rotate(endpoint, 0)
            receiver.secrets = [old, new, newest]
            flow.accept(brief_id="b")
            receiver.wait(2)
    assert [each.signed_by for each in receiver.deliveries] == [[old, new], [newest]]
    place = endpoint.own_place(private(flow))
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_no_secret_reaches_redis_or_the_log(
    flow: Flow, change: Endpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving() as receiver:
        endpoint = add(flow, receiver)
        secrets = [*receiver.secrets, change.rotate(endpoint, 0)]
        receiver.answer = lambda _: 500
        with delivering(flow):
            flow.accept(brief_id="a")
            receiver.wait(1)
            eventually(flow.client, lambda: standing(flow).error)
        held = "".join(str(flow.client.dump(key)) for key in flow.client.scan_iter())
    for secret in secrets:
        assert secret.removeprefix("whsec_")[:20] not in held + capsys.readouterr().err


def test_a_secret_of_its_own_is_read_anew_for_each_message(
    flow: Flow, change: Endpoints, tmp_path: Path
) -> None:
    place = tmp_path / "secret"
    with pytest.raises(HookSecretError, match="can't be read"):
        change.add(Endpoint("shop", "http://127.0.0.1:1", secret_file=str(place)))
    place.write_text(SECRET)
    with receiving(SECRET, OTHER) as receiver:
        add(flow, receiver, secret_file=str(place))
        with delivering(flow):
            flow.accept(brief_id="a")
            receiver.wait(1)
            place.write_text(f"{OTHER}\n{SECRET}\n")
            flow.accept(brief_id="b")
            receiver.wait(2)
    assert [each.signed_by for each in receiver.deliveries] == [[SECRET], [SECRET, OTHER]]
    with pytest.raises(EndpointError, match="was not made here"):
        change.rotate(Endpoint("shop", receiver.url, secret_file=str(place)), 0)


def test_a_paused_endpoint_is_sent_nothing_and_then_everything(flow: Flow, change: Endpoints) -> None:
    with receiving() as receiver:
        endpoint = add(flow, receiver)
        with delivering(flow):
            change.pause(endpoint)
            flow.accept(brief_id="a")
            flow.accept(brief_id="b")
            eventually(flow.client, lambda: standing(flow).waiting == 2)
            assert receiver.deliveries == []
            change.unpause(endpoint)
            until_sent(flow)
    assert sorted(receiver.ids()) == ["a/1", "b/1"]
    assert [each["what"] for each in actions.actions(flow.client, 3)] == [
        *("hooks unpause", "hooks pause", "hooks add"),
    ]


@pytest.mark.parametrize("what", ["brief", "since"])
def test_what_is_sent_again_keeps_its_order_and_its_message(
    heard: Flow, change: Endpoints, what: str
) -> None:
    with receiving() as receiver:
        endpoint = add(heard, receiver)
        with delivering(heard):
            heard.finish(heard.accept(brief_id="a"))
            heard.finish(heard.accept(brief_id="b"))
            until_sent(heard)
            first = list(receiver.deliveries)
            ways = {
                "brief": lambda shard: of_brief(shard, "a", "0"),
                "since": lambda shard: since(shard, "0-0"),
            }
            number = change.resend(endpoint, ways[what])
            until_sent(heard)
    again = receiver.deliveries[len(first) :]
    of_a = [event["id"] for event in events(heard.client, "a")]
    assert [each.event["id"] for each in again if each.event["data"]["brief_id"] == "a"] == of_a
    assert number == len(again) == (len(of_a) if what == "brief" else len(first))
    assert {each.headers["webhook-id"] for each in again} <= {each.headers["webhook-id"] for each in first}


def test_of_a_removed_endpoint_nothing_is_left(flow: Flow, change: Endpoints) -> None:
    with receiving(hangs=True) as receiver:
        endpoint = add(flow, receiver)
        with pytest.raises(EndpointError, match="there is an endpoint shop already"):
            change.add(endpoint)
        with delivering(flow):
            flow.accept(brief_id="a")
            eventually(flow.client, lambda: standing(flow).waiting)
            change.remove(endpoint)
            receiver.hangs.set()
            flow.accept(brief_id="b")
    assert [*flow.client.scan_iter("identity:hook*")] == [keys.HOOKS_AT()]
    assert not endpoint.own_place(private(flow)).exists()
