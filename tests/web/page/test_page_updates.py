"""Open pages are told of what happens, by one reader of the events for all of them."""

import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from page.conftest import Person
from stepping import Flow
from support import eventually

from web.page import updates
from worker.views import happenings

People = Callable[..., Person]


def test_one_reader_serves_all_pages(person: People, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many pages as there are: at no time do two wait for events."""
    waiting, most = [], []
    changed = happenings.changed

    def counted(*given: object) -> object:
        waiting.append(1)
        most.append(len(waiting))
        try:
            return changed(*given)
        finally:
            waiting.pop()

    monkeypatch.setattr(happenings, "changed", counted)
    with ExitStack() as stack:
        streams = [stack.enter_context(person().http.stream("GET", "/page/updates")) for _ in range(5)]
        told = [(line for line in each.iter_lines() if line == "event: changed") for each in streams]
        for each in told:
            next(each)
        flow.accept(brief_id="a")
        for each in told:
            next(each)
            next(each)
    assert max(most) == 1


def test_the_reader_ends_with_the_last_page(
    person: People, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    changed = happenings.changed
    monkeypatch.setattr(updates, "LOOK_MS", 20)
    monkeypatch.setattr(updates, "LEAST_SECONDS", 0.01)
    monkeypatch.setattr(happenings, "changed", lambda *given: looks.append(1) or changed(*given))
    with person().http.stream("GET", "/page/updates") as stream:
        lines = (line for line in stream.iter_lines() if line == "event: changed")
        for _ in range(5):
            next(lines)

    def is_over() -> bool:
        before = len(looks)
        time.sleep(0.1)  # five looks that do not come: nothing tells of them
        return len(looks) == before

    eventually(flow.client, is_over)


def test_more_pages_than_there_is_room_for_are_refused(
    person: People, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "MOST", 1)
    with person().http.stream("GET", "/page/updates") as stream:
        lines = stream.iter_lines()  # with it, the stream would end
        next(lines)
        assert person().get("/page/updates").status_code == 503
