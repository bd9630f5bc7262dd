"""What stands in the queue of a further inlet is moved whole, marked, and never lost."""

import json
import time

from further_inlets import come_by, move
from stepping import Flow, inlet_message
from support import brief, eventually

from actors.broker import commands, dead_letters, library
from config import keys

LIST, HASH = keys.QUEUE("partner"), keys.MESSAGES("partner")


def ids(flow: Flow) -> list[str]:
    return list(map(str, flow.client.lrange(keys.QUEUE(keys.INLET), 0, -1)))


def test_a_bare_brief_is_taken_and_marked(moving: Flow) -> None:
    moving.client.rpush(LIST, json.dumps(brief(brief_id="a")))
    move(moving)
    assert all(each.startswith("inlet:partner:bare-") for each in ids(moving))
    moving.steps.run(keys.INLET)
    assert moving.brief("a").get("inlet") == "partner"


def test_a_mark_that_its_sender_has_written_changes_nothing(moving: Flow) -> None:
    message = inlet_message(brief(brief_id="a", priority=50))
    moving.client.hset(HASH, "inlet:other:1", message.encode())  # type: ignore[arg-type]  # bytes serve as well
    moving.client.rpush(LIST, "inlet:other:1")
    move(moving)
    moving.steps.run(keys.INLET)
    assert (moving.brief("a").state, moving.brief("a").get("inlet")) == ("failed", "partner")


def test_an_id_whose_message_comes_later_is_looked_for_again(moving: Flow) -> None:
    moving.client.rpush(LIST, "m1")
    move(moving)
    assert ids(moving) == []
    moving.client.hset(HASH, "m1", inlet_message(brief(brief_id="a")).encode())  # type: ignore[arg-type]
    move(moving)
    move(moving)
    assert ids(moving) == ["inlet:partner:m1"]


def test_what_is_no_message_or_never_comes_is_a_dead_letter(moving: Flow) -> None:
    moving.client.rpush(LIST, "m1", "[1]")
    moving.client.zadd(keys.LATE("partner"), {"m1": 1})
    move(moving)
    next(moving.broker.consume(keys.INLET))
    found = list(dead_letters.each(moving.client, dead_letters.ids(moving.client)))
    assert sorted(each.error.split(",")[0] for each in found) == [
        "must be a JSON object",
        "the list had this id",
    ]


def test_a_delayed_message_waits_and_keeps_its_mark(moving: Flow) -> None:
    eta = round(time.time() * 1000) + 500
    message = inlet_message(brief(brief_id="a")).copy(options={"eta": eta})
    come_by(moving, message, "partner.DQ")
    move(moving)
    assert moving.client.zcard(keys.DELAYED()) == 1

    def has_come() -> bool:
        move(moving)
        return bool(ids(moving))

    eventually(moving.client, has_come)
    assert all(each.startswith("inlet:partner:") for each in ids(moving))


def test_a_sender_of_thousands_keeps_nobody_waiting_behind_them(moving: Flow) -> None:
    moving.client.rpush(LIST, *(json.dumps(brief(brief_id=f"b{n}")) for n in range(1_000)))
    move(moving)
    assert moving.client.llen(keys.QUEUE(keys.INLET)) == commands.MOST_WAITING
    move(moving)
    assert moving.client.llen(keys.QUEUE(keys.INLET)) == commands.MOST_WAITING + commands.LEAST_TAKEN_IN


def test_while_there_is_no_room_for_dead_letters_it_stays(moving: Flow) -> None:
    moving.client.rpush(LIST, json.dumps(brief()))
    moving.client.set(keys.DEAD_LETTER_BYTES(), library.MOST_DEAD_LETTER_BYTES + 1)
    move(moving)
    assert (moving.client.llen(LIST), ids(moving)) == (1, [])
    moving.client.delete(keys.DEAD_LETTER_BYTES())


def test_a_key_of_another_type_keeps_the_worker_from_nothing(moving: Flow) -> None:
    moving.client.set(LIST, "no list")
    come_by(moving, inlet_message(brief(brief_id="a")), "other")
    moving.steps.run(keys.INLET)
    assert moving.brief("a").get("inlet") == "other"
    moving.client.delete(LIST)
