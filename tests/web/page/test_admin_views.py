"""What admins change on the page beside accounts: tokens, and the endpoints of webhooks."""

import re
from collections.abc import Callable

import redis
from page.conftest import Person
from stepping import Flow

from worker.callers import tokens
from worker.callers.tokens import Role
from worker.hooks.endpoints import endpoints
from worker.operations import actions

People = Callable[..., Person]
Tokens = Callable[..., str]


def test_an_endpoint_is_added_with_a_secret_that_is_shown_once(
    person: People, flow: Flow, token: Tokens, client: "redis.Redis"
) -> None:
    anna, bea = person(token(Role.ADMIN)), person(token(name="bea"))
    given = {"what": "add", "url": "https://shop.example/in", "types": "identity.brief.*, identity.promoted"}
    more = {"batches": "spring 2026\r\n\r\nautumn", "accounts": "default", "why": "the shop asks"}
    assert bea.send("/access/hook", **given).status_code == 403
    shown = anna.send("/access/hook", **given, **more).text
    (secret,) = re.findall(r"<code>(whsec_[^<]+)</code>", shown)
    assert secret not in anna.get("/access").text
    assert anna.get("/access/hook").headers["location"] == "/access", "asked for again, it is shown no more"
    (endpoint,) = endpoints(client).values()
    assert endpoint.types == ("identity.brief.*", "identity.promoted")
    assert (endpoint.batches, endpoint.accounts) == (("spring 2026", "autumn"), ("default",))
    assert endpoint.secrets(flow.settings)[0].text.get_secret_value() == secret
    action = actions.actions(client, 1)[0]
    assert (action["what"], action["by"], action["why"]) == ("hooks add", "anna by the page", "the shop asks")
    assert anna.send("/access/hook", **given).status_code == 409, "there is one of that name"


def test_an_endpoint_is_paused_let_go_on_and_removed(
    person: People, flow: Flow, token: Tokens, client: "redis.Redis"
) -> None:
    anna = person(token(Role.ADMIN))
    anna.send("/access/hook", what="add", url="https://shop.example/in", name="shop")
    assert anna.send("/access/hook", what="pause", name="shop").status_code == 303
    assert "Let go on" in anna.get("/access").text
    assert anna.send("/access/hook", what="unpause", name="shop").status_code == 303
    assert anna.send("/access/hook", what="remove", name="shop").status_code == 303
    assert endpoints(client) == {}
    assert anna.send("/access/hook", what="remove", name="shop").status_code == 404
    done = [each["what"] for each in actions.actions(client, 4)]
    assert done == ["hooks remove", "hooks unpause", "hooks pause", "hooks add"]


def test_a_program_is_given_a_token_with_its_bounds(
    person: People, flow: Flow, token: Tokens, client: "redis.Redis"
) -> None:
    anna, bounds = person(token(Role.ADMIN)), {"priority": "5", "credits_a_day": "120.5"}
    anna.send("/access/token", what="make", name="shop", role="caller", accounts="default", **bounds)
    shop = tokens.named(client, "shop")
    assert shop is not None
    assert (shop.accounts, shop.priority, shop.credits_a_day) == (("default",), 5, 120.5)
    assert "priority up to 5, 120.5 credits a day" in anna.get("/access").text
    anna.send("/access/token", what="make", name="other", role="caller", priority="", credits_a_day="")
    assert tokens.named(client, "other").credits_a_day is None


def test_an_admin_of_some_accounts_has_no_tokens_nor_endpoints(
    person: People, flow: Flow, token: Tokens
) -> None:
    anna = person(token(Role.ADMIN, accounts=("default",)))
    assert anna.get("/access").status_code == 404
    assert anna.send("/access/hook", what="add", url="https://shop.example/in").status_code == 404
