"""The list of briefs: the command line's filter in the address, totals of all, pages by cursor."""

import re
from collections.abc import Callable

import pytest
from page.conftest import Person
from stepping import Flow

from worker.callers.tokens import Role

People = Callable[..., Person]


def ids(text: str) -> list[str]:
    return re.findall(r'<a href="/briefs/[^"]*">([^<]*)</a>', text)


def link(text: str, name: str) -> str:
    found = re.search(rf'href="([^"]*)">{name}<', text)
    assert found is not None
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("", ["a", "b", "c"]),
        ("state:waiting,generating,submitting", ["a", "b", "c"]),
        ("batch:spring", ["a", "c"]),
        ("meta.sku:4711", ["b"]),
        ("account:nobody", []),
        ("age>1h", []),
        ("age<1h batch:spring", ["a", "c"]),
        ("state:done", []),
    ],
)
def test_the_filter_is_that_of_the_command_line(
    person: People, flow: Flow, line: str, meant: list[str]
) -> None:
    flow.accept(brief_id="a", batch="spring")
    flow.accept(brief_id="b", metadata={"sku": 4711})
    flow.accept(brief_id="c", batch="spring")
    shown = person().http.get("/briefs", params={"filter": line})
    assert ids(shown.text) == meant
    assert shown.text.count(f'value="{line.replace(">", "&gt;").replace("<", "&lt;")}"') == 1
    totals = person().http.get("/page/briefs/totals", params={"filter": line})
    assert f"<strong>{len(meant)} brief" in totals.text


@pytest.mark.parametrize("brief_id", ["part", "totals", "words", "briefs", "page"])
def test_a_brief_may_have_any_word_for_its_id(person: People, flow: Flow, brief_id: str) -> None:
    flow.accept(brief_id=brief_id, name="Ada")
    shown = person().get(f"/briefs/{brief_id}").text
    assert f"<h1>{brief_id} <span" in shown


def test_a_filter_that_cannot_be_read_is_answered_in_words(person: People, flow: Flow) -> None:
    for path in ("/briefs", "/page/briefs", "/page/briefs/totals"):
        answer = person().http.get(path, params={"filter": "state:holding"})
        assert answer.status_code == 400
        assert "must be one of" in answer.text


def test_pages_go_on_by_their_cursor(person: People, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.page.views.briefs.PAGE", 2)
    all_ = [flow.accept(brief_id=f"b{number}") for number in range(5)]
    reader, met, address = person(), [], "/briefs"
    for _ in range(3):
        page = reader.get(address).text
        met += ids(page)
        assert "<strong>5 briefs" in page
        address = link(page, "Next page") if len(met) < 5 else address
    assert met == all_
    assert link(page, "First page") == "/briefs"


def test_the_newest_come_first_where_they_are_asked_for(
    person: People, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.page.views.briefs.PAGE", 2)
    all_ = [flow.accept(brief_id=f"b{number}", batch="spring") for number in range(3)]
    reader = person()
    first = reader.get(link(reader.get("/briefs?filter=batch:spring").text, "Newest first")).text
    assert ids(first) == all_[:0:-1]
    second = reader.get(link(first, "Next page")).text
    assert ids(second) == all_[:1]
    assert ids(reader.get(link(second, "First page")).text) == all_[:0:-1]
    assert ids(reader.get(link(second, "Oldest first")).text) == all_[:2]
    assert 'name="order" value="newest"' in second


def test_a_long_walk_is_cut_and_can_be_gone_on_with(
    person: People, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.page.views.briefs.SECONDS", 0.0)
    monkeypatch.setattr("worker.selection.selecting.PAGE", 1)
    flow.accept(brief_id="a")
    flow.accept(brief_id="b", metadata={"sku": 1})
    page = person().http.get("/briefs", params={"filter": "meta.sku:1"}).text
    assert (ids(page), "Not all briefs" in page) == ([], True)
    assert ids(person().get(link(page, "Look further")).text) == ["b"]


def test_a_token_of_some_accounts_sees_no_briefs_of_others(
    person: People, flow: Flow, token: Callable[..., str]
) -> None:
    flow.accept(brief_id="a", batch="secret")
    of_default = person(token(Role.VIEWER, accounts=("default",)))
    of_another = person(token(Role.VIEWER, name="bea", accounts=("elsewhere",)))
    assert ids(of_default.get("/briefs").text) == ["a"]
    for path in (
        "/briefs",
        "/briefs?filter=account:default",
        "/page/briefs/totals",
        "/page/briefs/words?filter=batch",
        "/",
    ):
        shown = of_another.get(path).text
        assert "secret" not in shown
        assert "default" not in shown.replace("account:default", "")
        assert not ids(shown)
    assert "<strong>0 briefs" in of_another.get("/briefs").text


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("", "state:"),
        ("st", "state:"),
        ("state:he", "state:held"),
        ("state:held acc", "state:held account:"),
        ("account:", "account:default"),
        ("batch:", "batch:spring"),
        ("age", "age&gt;1h"),
    ],
)
def test_the_last_word_of_a_filter_is_completed(person: People, flow: Flow, line: str, word: str) -> None:
    flow.accept(brief_id="a", batch="spring")
    found = person().http.get("/page/briefs/words", params={"filter": line}).text
    assert f'<option value="{word}">' in found


def test_texts_of_others_are_text(person: People, flow: Flow) -> None:
    flow.accept(brief_id="a", name="<script>alert(1)</script>", batch='"><img src=x>')
    shown = person().get("/briefs").text
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown
    assert "<img src=x>" not in shown


def test_a_waiting_brief_says_what_it_lacks_and_when_it_starts(person: People, heard: Flow) -> None:
    for number in range(7):
        heard.accept(brief_id=f"b{number}")
    shown = person().http.get("/briefs", params={"filter": "state:waiting"}).text
    assert "a job" in shown or "a request of the minute" in shown


def test_a_part_that_is_the_same_is_not_sent_again(person: People, flow: Flow) -> None:
    flow.accept(brief_id="a", batch="spring")
    reader, path = person(), "/page/briefs/words?filter=batch"
    first = reader.get(path)
    again = {"X-Seen": first.headers["x-digest"]}
    assert reader.get(path, **again).status_code == 204
    flow.accept(brief_id="b", batch="autumn")
    assert reader.get(path, **again).status_code == 200
