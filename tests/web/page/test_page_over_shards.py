"""Over two shards the page shows both as one, and acts in the one that an account lives in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from page.conftest import Person
from support import brief

from config.accounts.live import LiveAccounts
from config.accounts.reading import live_accounts
from config.settings import Settings
from tests.worker.two_shards import ONE, OTHER, both, environment_of_two
from worker.callers import tokens
from worker.callers.tokens import Caller, Role
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.operations import halts

#: An account of each shard.
NAMES = (ONE, OTHER)


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return the environment of an installation of two shards."""
    return environment_of_two(environment, tmp_path)


@pytest.fixture
def ledgers(settings: Settings, redis_url: str) -> Iterator[list[Ledger]]:
    """Return a ledger of each shard, with a brief in each; their keys go afterwards."""
    live: LiveAccounts = live_accounts(settings)
    with both(redis_url, settings) as shards:
        found: list[Ledger] = []
        for shard, name in enumerate(NAMES):
            its = settings.model_copy(update={"shard": shard})
            found.append(Ledger(shards.client(shard), its))
            found[-1].set_limits(name, {"jobs": "1"}, "a test")
            raw = brief(brief_id=f"b{shard}", account=name, batch="spring")
            acceptance.accept(
                found[-1], live.accounts, its, acceptance.Message(raw, "m"), elsewhere=lambda *_: None
            )
        yield found


@pytest.fixture
def anna(ledgers: list[Ledger], person: Callable[..., Person]) -> Person:
    return person(tokens.make(ledgers[0].client, Caller("anna", Role.OPERATOR)))


def test_briefs_and_totals_are_those_of_all_shards(anna: Person) -> None:
    shown = anna.get("/briefs?filter=batch:spring").text
    assert "<strong>2 briefs" in shown
    newest = anna.get("/briefs?filter=batch:spring&order=newest").text
    assert shown.index(">b0<") < shown.index(">b1<")
    assert newest.index(">b1<") < newest.index(">b0<")
    assert all(f'href="/briefs/b{shard}"' in shown for shard in (0, 1))


def test_a_button_acts_in_the_shard_of_its_account(anna: Person, ledgers: list[Ledger]) -> None:
    for ledger, name in zip(ledgers, NAMES, strict=True):
        halts.halt(ledger, commands.Halted(name, None), "bea", "a fair")
    assert anna.send("/overview/act", what="unpause", account=NAMES[1]).status_code == 303
    left = [halts.of_accounts(ledger.client, [name]) for ledger, name in zip(ledgers, NAMES, strict=True)]
    assert [bool(each) for each in left] == [True, False]


def test_what_happens_in_any_shard_is_told(anna: Person, ledgers: list[Ledger]) -> None:
    with anna.http.stream("GET", "/page/updates") as stream:
        words = (line for line in stream.iter_lines() if line.startswith("event:"))
        assert next(words) == "event: changed"
        assert next(words) == "event: changed"
