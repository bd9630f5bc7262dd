"""The catalogue of events: what it says of each type, and what is refused."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from stepping import Flow
from support import events

from config.settings import Settings
from web.description.asyncapi import document
from worker.ledger.events import CATALOGUE, BriefFailed, BriefHeld
from worker.ledger.kinds import BY_LUA
from worker.ledger.library import ledger_library
from worker.views.event_schemas import DATA, schemas

ROOT = Path(__file__).parents[3]
ROOMS = ("worker", "actors", "web", "cli")


def test_each_type_says_when_it_is_emitted_and_what_it_tells() -> None:
    for name, event in CATALOGUE.items():
        assert name == event.type
        assert event.__doc__
        assert [field for field, of in event.model_fields.items() if not of.description] == []


def test_no_event_type_is_spelt_outside_the_catalogue() -> None:
    paths = [path for room in ROOMS for kind in ("*.py", "*.lua") for path in (ROOT / room).rglob(kind)]
    written = re.compile("[\"']identity\\.(" + "|".join(name.partition(".")[2] for name in CATALOGUE) + ")")
    found = [path.name for path in paths if written.search(path.read_text(encoding="utf-8"))]
    assert sorted(found) == ["events.py", "kinds.py"]
    assert set(BY_LUA.values()) <= set(CATALOGUE)


def test_the_library_is_given_the_types_that_it_emits(settings: Settings) -> None:
    code = ledger_library(settings).code
    assert [type_ for type_ in BY_LUA.values() if f'"{type_}"' not in code] == []
    assert set(re.findall(r"\bEVENT\.(\w+)", code)) <= set(BY_LUA)


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        BriefFailed.model_validate({"eror": "why"})
    said = {"brief_id": "b", "batch": None, "account": "a", "metadata": {}}
    DATA[BriefHeld.type].model_validate(said | {"question": "?"})
    for wrong in ({"question": "?", "more": 1}, {}, {"question": 1}):
        with pytest.raises(ValidationError):
            DATA[BriefHeld.type].model_validate(said | wrong)


def test_what_is_not_given_is_left_out_and_null_is_not() -> None:
    told = BriefFailed(faults=[], blocked_term=None, error="why").data
    assert json.dumps(told) == '{"error": "why", "blocked_term": null, "faults": []}'
    assert BriefHeld(question="?").data == {"question": "?"}


def test_the_published_schemas_hold_for_what_is_on_the_stream(heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="a"))
    heard.accept(brief_id="bad", priority=1000)
    published, told = schemas(), events(heard.client)
    assert len(told) == 6
    for event in told:
        Draft202012Validator(published[event["type"]]).validate(event["data"])


def test_the_asyncapi_document_names_the_stream_and_every_type() -> None:
    events_channel = document()["channels"]["events"]
    assert events_channel["address"] == "identity:events"
    assert set(events_channel["messages"]) == set(CATALOGUE)
