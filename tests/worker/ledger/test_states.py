"""The states: what the table allows is done, with all that the states hold; what it does not is refused."""

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import redis
from support import everything

from config import keys
from tests.chaos.invariants.key_page import keys_without_lifetime
from worker.ledger import commands
from worker.ledger.kinds import KINDS, Kind, final
from worker.ledger.ledger import Ledger
from worker.ledger.library import FOLDER
from worker.ledger.records import Record, brief_subject, promotion_subject
from worker.ledger.transition import Answer, Completion, Transition
from worker.store.functions import Functions

ACCOUNT = "default"
#: The states in which a request may be under way.
BEGUN = {(kind, row.claimed) for kind, row in KINDS.items()}
PAIRS = [(kind, a, b) for kind, row in KINDS.items() for a, b in product(row.states, row.states)]
ALLOWED = [(kind, a, b) for kind, a, b in PAIRS if b in KINDS[kind].states[a].moves]
REFUSED = [(kind, a, b) for kind, a, b in PAIRS if b not in KINDS[kind].states[a].moves and a != b]


SUBJECTS = {kind: promotion_subject("b", 0) if kind is Kind.PROMOTION else f"{kind}:b" for kind in Kind}


def moves(pairs: list[tuple[Kind, str, str]], of: Kind) -> list[tuple[str, str]]:
    found = [(start, to) for kind, start, to in pairs if kind is of]
    assert found
    return found


def put_in(client: "redis.Redis", kind: Kind, state: str) -> Record:
    """Put a record in a state by hand, holding exactly what the table says that the state holds."""
    subject, held = SUBJECTS[kind], KINDS[kind].states[state]
    fields: dict[Any, Any] = {"account": ACCOUNT, "need": "1", "place": "1", "moved_at": "0"}
    # A promotion's brief has another one under way, or its end would be the brief's as well.
    own = {"envelope": '"brief_id":"b"', "accepted_at": "1", "promotions": "2", "unfinished": "2"}
    client.hset(keys.RECORD(brief_subject("b")), mapping={**fields, **own, "state": "promoting"})
    if KINDS[kind].parent is None:
        fields |= own
    client.hset(keys.RECORD(subject), mapping={**fields, "state": state})
    if held.permit:
        client.zadd(keys.PERMITS(ACCOUNT), {subject: 1})
    if held.slots and KINDS[kind].slots and state != KINDS[kind].waits:
        client.hset(keys.SLOTS(ACCOUNT), subject, "1")
    if (kind, state) in BEGUN:
        client.zadd(keys.WINDOW(ACCOUNT, KINDS[kind].endpoint), {subject: "+inf"})
    client.zadd(keys.TIMERS(), {subject: 1})
    return Record(subject, {**fields, "state": state}, 0)


def give_grant(client: "redis.Redis", kind: Kind) -> None:
    client.zadd(keys.WINDOW(ACCOUNT, KINDS[kind].endpoint), {SUBJECTS[kind]: "+inf"})
    client.zadd(keys.PERMITS(ACCOUNT), {SUBJECTS[kind]: 1})
    if KINDS[kind].slots:
        client.hset(keys.SLOTS(ACCOUNT), SUBJECTS[kind], "1")


def pause(client: "redis.Redis") -> None:
    """Nobody is granted anything, so that a record that goes back to waiting is seen waiting."""
    client.hset(keys.RECORD(f"account:{ACCOUNT}"), "pause_until", "9" * 15)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_move_not_in_the_table_is_refused_and_changes_nothing(
    client: "redis.Redis", ledger: Ledger, kind: Kind
) -> None:
    for start, to in moves(REFUSED, kind):
        client.flushall()
        record = put_in(client, kind, start)
        before = everything(client)
        given = Transition(to, fields={"x": "1"}, timer_ms=5, jobs=["j"])
        assert ledger.apply(record, given) is Answer.CONFLICT, (start, to)
        assert everything(client) == before, (start, to)


@pytest.mark.parametrize("kind", list(Kind))
def test_an_allowed_move_takes_and_gives_back_what_its_states_hold(
    client: "redis.Redis", ledger: Ledger, kind: Kind
) -> None:
    for start, to in moves(ALLOWED, kind):
        client.flushall()
        where = f"from {start} to {to}"
        record = put_in(client, kind, start)
        pause(client)
        if start == KINDS[kind].waits:
            give_grant(client, kind)
        completion = Completion.COUNTED if KINDS[kind].states[start].permit else None
        held = KINDS[kind].states[to]
        timer = None if held.final else 60_000
        answer = ledger.apply(record, Transition(to, timer_ms=timer, completion=completion))
        assert answer is Answer.APPLIED, where
        subject = record.subject
        assert client.hget(keys.RECORD(subject), "state") == to, where
        assert (client.zscore(keys.PERMITS(ACCOUNT), subject) is not None) == held.permit, where
        # A brief that is held for its promotions' sake leaves the slots to them.
        slots = KINDS[kind].slots and held.slots and start != KINDS[kind].following
        assert bool(client.hexists(keys.SLOTS(ACCOUNT), subject)) == slots, where
        waits = client.zscore(keys.WAITING(ACCOUNT, KINDS[kind].endpoint), subject) is not None
        assert waits == (to == KINDS[kind].waits), where
        under_way = client.zscore(keys.WINDOW(ACCOUNT, KINDS[kind].endpoint), subject) is not None
        assert under_way == ((kind, to) in BEGUN), where
        assert (client.zscore(keys.TIMERS(), subject) is not None) == (not held.final), where
        assert keys_without_lifetime(client) == [], where


@pytest.mark.parametrize("kind", list(Kind))
def test_a_request_is_not_begun_without_a_grant(client: "redis.Redis", ledger: Ledger, kind: Kind) -> None:
    state = KINDS[kind].waits
    for to in KINDS[kind].states[state].moves:
        if KINDS[kind].states[to].permit:
            assert ledger.apply(put_in(client, kind, state), Transition(to)) is Answer.CONFLICT


@pytest.mark.parametrize("kind", list(Kind))
def test_a_move_to_its_own_state_is_a_repeat_changing_nothing(
    client: "redis.Redis", ledger: Ledger, kind: Kind
) -> None:
    for state in KINDS[kind].states:
        client.flushall()
        record = put_in(client, kind, state)
        before = everything(client)
        assert ledger.apply(record, Transition(state, fields={"x": "1"})) is Answer.DUPLICATE, state
        assert everything(client) == before, state


def test_a_record_that_is_not_there_moves_nowhere(client: "redis.Redis", ledger: Ledger) -> None:
    for kind, row in KINDS.items():
        for state in row.states:
            missing = Record(SUBJECTS[kind], {"state": state}, 0)
            assert ledger.apply(missing, Transition(state, fields={"x": "1"})) is Answer.CONFLICT
    assert everything(client) == {}


@pytest.mark.parametrize("kind", list(Kind))
def test_every_state_can_be_reached_and_from_each_an_end(kind: Kind) -> None:
    states = KINDS[kind].states
    reached, ends = {KINDS[kind].waits}, {name for name in states if final(kind, name)}
    for _ in states:
        reached |= {to for state in reached for to in states[state].moves}
        ends |= {name for name, state in states.items() if ends & set(state.moves)}
    assert reached == ends == set(states)


def test_the_functions_know_the_table(functions: Functions, client: "redis.Redis") -> None:
    put_in(client, Kind.BRIEF, "generating")
    assert functions.run(commands.due(most=1)) >= 0
    ((message),) = client.hvals(keys.MESSAGES(keys.STEPS))
    assert f'"{KINDS[Kind.BRIEF].states["generating"].actor}"' in message


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.lua")), ids=lambda path: path.stem)
def test_the_functions_look_up_what_a_kind_is(path: Path) -> None:
    """Names of kinds and endpoints stand in worker/ledger/kinds.py; subjects are made in one place."""
    words = {str(kind) for kind in KINDS} | {row.endpoint for row in KINDS.values()}
    code = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
    named = {text for text in re.findall(r"'([^']*)'", code) if text.rstrip(":") in words}
    assert named <= ({"brief:", "promotion:"} if path.stem == "base" else set())
