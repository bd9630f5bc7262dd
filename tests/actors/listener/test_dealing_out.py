"""How accounts are dealt out: evenly, without a stream that goes back and forth."""

import random
from collections import Counter

import pytest

from actors.listener.shares import to_ask, to_give, to_take


def test_a_listener_takes_up_to_its_share_and_gives_down_to_it() -> None:
    assert [to_take(10, 3, held) for held in (0, 3, 4, 5)] == [4, 1, 0, 0]
    assert [to_give(10, 3, held) for held in (3, 4, 10)] == [0, 1, 7]


def test_the_richest_are_asked_and_only_beyond_their_share() -> None:
    holders = {"a": list("abcdef"), "b": list("ghij")}
    assert to_ask(holders, 10, 3, 0) == ["f", "e", "d"]
    assert to_ask(holders, 10, 3, 3) == []
    assert to_ask({"a": list("abc")}, 4, 2, 1) == ["c"]
    assert to_ask({"a": ["a"], "b": ["b"]}, 2, 3, 0) == []


class Deal:
    """Listeners that look in any order; a lease is taken, asked for and given as Redis would have it."""

    def __init__(self, accounts: int, rng: random.Random) -> None:
        self.accounts = [str(number) for number in range(accounts)]
        self.holder: dict[str, int] = {}
        self.asked: dict[str, int] = {}
        self.listeners: set[int] = set()
        self.moves = 0
        self._rng = rng

    def look(self, listener: int) -> None:
        total, alive = len(self.accounts), len(self.listeners)
        own = self._of(listener)
        asked = [name for name in own if self.asked.get(name, listener) != listener]
        for name in asked[: to_give(total, alive, len(own))]:
            del self.holder[name]
        free = [name for name in self.accounts if name not in self.holder]
        free = [name for name in free if self.asked.get(name, listener) == listener]
        for name in free[: to_take(total, alive, len(self._of(listener)))]:
            self.holder[name] = listener
            self.asked.pop(name, None)
            self.moves += 1
        others = {each: self._of(each) for each in self.listeners - {listener}}
        for name in to_ask(others, total, alive, len(self._of(listener))):
            self.asked[name] = listener

    def rounds(self, count: int) -> None:
        for _ in range(count):
            for listener in self._rng.sample(sorted(self.listeners), len(self.listeners)):
                self.look(listener)

    def leave(self, listener: int) -> None:
        self.listeners.remove(listener)
        self.holder = {name: holder for name, holder in self.holder.items() if holder != listener}
        self.asked = {name: asker for name, asker in self.asked.items() if asker != listener}

    def _of(self, listener: int) -> list[str]:
        return [name for name, holder in self.holder.items() if holder == listener]


@pytest.mark.parametrize("seed", range(25))
def test_accounts_are_dealt_out_evenly_and_then_stay(seed: int) -> None:
    rng = random.Random(seed)
    deal = Deal(rng.randrange(1, 60), rng)
    for number in range(12):
        if deal.listeners and rng.random() < 0.4:
            deal.leave(rng.choice(sorted(deal.listeners)))
        deal.listeners.add(number)
        deal.rounds(6)
        shares = Counter(deal.holder.values())
        counts = [shares[listener] for listener in deal.listeners]
        assert sum(counts) == len(deal.accounts), "each account has its listener"
        assert max(counts) - min(counts) <= 1
        moves = deal.moves
        deal.rounds(3)
        assert deal.moves == moves, "and no stream is opened again for nothing"
