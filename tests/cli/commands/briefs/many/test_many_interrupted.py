"""Ctrl-C at a command for many briefs: the order is over, and a person is told how far it is."""

import pytest
import typer
from commandline import Command
from stepping import Flow

from cli.doing.orders import orders as tell_orders
from cli.shared.acting import Order
from cli.shared.ordering import Meant, announced, carried, paid_so_far
from config import keys
from worker.orders.carrying import Carrier
from worker.orders.order import State, What
from worker.orders.orders import Orders
from worker.selection.language import parse

ORDER = Order("retry", "ada", None, yes=True)


def meant(flow: Flow) -> Meant:
    """The briefs that have failed, to be retried."""
    return announced(flow.client, flow.settings, parse("state:failed"), ORDER, paid_so_far)


def the_order(flow: Flow) -> State:
    """The state of the one order on record."""
    (key,) = (each for each in flow.client.scan_iter(keys.ORDER("*")) if flow.client.type(each) == "hash")
    return State(str(flow.client.hget(key, "state")))


def interrupted_at(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    """Press Ctrl-C before the piece of this number, from 0, that is done of an order."""
    step, done = Carrier.step, list[str]()

    def pressed(carrier: Carrier, order_id: str) -> bool:
        if len(done) == piece:
            raise KeyboardInterrupt
        done.append(order_id)
        return step(carrier, order_id)

    monkeypatch.setattr(Carrier, "step", pressed)


@pytest.mark.parametrize("piece", [0, 1])
def test_while_its_briefs_are_looked_for_nothing_of_it_stays(
    three: Flow, piece: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("worker.orders.collecting.PAGE", 1)
    interrupted_at(monkeypatch, piece)
    with pytest.raises(typer.Exit) as ended:
        meant(three)
    assert (ended.value.exit_code, the_order(three)) == (1, State.STOPPED)
    assert "interrupted: nothing was changed" in capsys.readouterr().err
    assert three.brief("a").state == "failed"
    assert not three.client.exists(keys.ACTIONS())


@pytest.mark.parametrize(("met", "told"), [(0, "0 of 3 briefs are done"), (2, "1 of 3 briefs is done")])
def test_while_it_is_done_the_rest_is_left(
    three: Flow, met: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = carried(meant(three))
    ids = stopped.__enter__()
    for _ in range(met):
        next(ids)
    with pytest.raises(typer.Exit):
        stopped.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert the_order(three) is State.STOPPED
    assert f"interrupted: {told}; the same command does the rest" in capsys.readouterr().err


def test_what_is_carried_on_by_hand_is_left_at_once_to_others(
    three: Flow,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: Command,
    redis_url: str,
) -> None:
    monkeypatch.setattr("worker.orders.collecting.PAGE", 1)
    monkeypatch.setenv("REDIS_URL", redis_url)
    given = Orders(three.client, three.settings).give(What.RETRY, parse("state:failed"), "ada")
    interrupted_at(monkeypatch, 2)
    with pytest.raises(typer.Exit):
        tell_orders(given.order_id, "ada", None, stop=False, go_on=True, as_json=False)
    told = capsys.readouterr().err
    assert ": collecting; 2 found so far; state:failed; --stop ends it, --go-on carries it on" in told
    assert not three.client.exists(keys.ORDER_LEASE(given.order_id))
    assert ": ready; 0 of 3 briefs" in command("orders", given.order_id, "--go-on").stdout
