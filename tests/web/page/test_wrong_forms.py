"""What a form says wrongly is told with its field, its value and the rule, in words of ours."""

import html
from collections.abc import Callable

import pytest
from page.conftest import Person
from stepping import Flow

from config.accounts.names import DEFAULT
from worker.callers.tokens import Role

WRONG = [
    ("/brief/act", {"what": "update", "priority": "x"}, "priority 'x': must be a whole number from -100 to"),
    ("/brief/act", {"what": "update", "priority": "1_0"}, "priority '1_0': must be a whole number"),
    ("/brief/act", {"what": "update", "priority": "101"}, "priority '101': must be a whole number"),
    ("/brief/act", {"what": "pick", "draft-0": "\u0661"}, "draft-0 '\u0661': must be a whole number"),
    ("/brief/act", {"what": "choose_again", "draft": "", "instead": ""}, "draft '': must be a whole number"),
    ("/brief/act", {"what": "destroy"}, "what 'destroy': must be one of pick, "),
    ("/account/act", {"what": "undo", "at": "now"}, "at 'now': must be a whole number"),
    ("/account/act", {"what": "limits", "jobs": "many", "why": "x"}, "jobs 'many': must be a whole number"),
    ("/account/act", {"what": "limits", "budget": "some", "why": "x"}, "budget 'some': must be a number of"),
    ("/account/act", {"what": "x" * 99}, f"what '{'x' * 60}…': must be one of limits, undo, "),
    ("/overview/act", {"what": "pause"}, "what 'pause': must be one of unpause, resume, revive"),
    ("/order/give", {"what": "all", "filter": "state:open"}, "what 'all': must be one of retry, "),
    ("/order/give", {"what": "update", "filter": "state:open"}, "priority '': must be a whole number"),
    ("/access/token", {"what": "make", "name": "x", "role": "boss"}, "role 'boss': must be one of caller, "),
    ("/access/token", {"what": "make", "role": "caller", "credits_a_day": "1e3"}, "must be a number, as 500"),
    ("/access/token", {"what": "make", "role": "caller", "credits_a_day": "0"}, "credits a day 0: a number"),
    ("/access/token", {"what": "make", "role": "caller", "priority": "101"}, "must be a whole number from"),
    ("/access/token", {"what": "make", "name": "no name", "role": "viewer"}, "name 'no name': "),
    ("/access/hook", {"what": "add", "url": "ftp://x"}, "url: the URL must be https"),
    ("/access/hook", {"what": "add", "url": "https://x", "types": "briefs"}, "types 'briefs': no type of"),
]


@pytest.mark.parametrize(("path", "fields", "told"), WRONG)
def test_a_wrong_value_is_told_with_its_field_and_the_rule(
    person: Callable[..., Person],
    flow: Flow,
    token: Callable[..., str],
    path: str,
    fields: dict[str, str],
    told: str,
) -> None:
    flow.accept(brief_id="a")
    answered = person(token(Role.ADMIN)).send(
        path, **{"brief": "a", "account": DEFAULT, "name": "x"} | fields
    )
    assert answered.status_code == 400
    assert told in html.unescape(answered.text)
    assert "invalid literal" not in answered.text


def test_a_form_that_failed_leads_back_to_its_view(
    person: Callable[..., Person], flow: Flow, token: Callable[..., str]
) -> None:
    """And not to where it was sent, which shows nothing; nor to a page of others."""
    flow.accept(brief_id="a")
    anna = person(token())
    url = str(anna.http.base_url).rstrip("/")
    for referer, shown in (
        (f"{url}/briefs?filter=a%22b", True),
        ("http://other.example/x", False),
        ("", False),
    ):
        anna.http.headers["Referer"] = referer
        text = anna.send("/brief/act", brief="a", what="x").text
        assert ("Try again" in text) is shown
        assert "/brief/act" not in text
        assert "other.example" not in text
    assert 'href="/briefs/none"' in anna.get("/briefs/none").text
