"""Who may see the page, and by what it is known: tokens, sessions, a proxy, this machine."""

import re
from collections.abc import Callable

import pytest
import redis
from page.conftest import Person
from web_inlet import serving

from config import keys
from config.settings import Settings
from worker.callers import sessions, tokens
from worker.callers.tokens import Role

People = Callable[..., Person]
Tokens = Callable[..., str]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def test_on_this_machine_it_is_read_until_somebody_has_a_token(person: People, token: Tokens) -> None:
    assert person().get("/").status_code == 200
    token()
    answer = person().get("/")
    assert answer.status_code == 401
    assert 'name="token"' in answer.text


def test_a_token_signs_in_and_out(person: People, token: Tokens) -> None:
    anna = person(token())
    assert anna.get("/").status_code == 200
    assert "Sign out anna" in anna.get("/").text
    assert anna.send("/page/sign-out").status_code == 303
    assert anna.get("/").status_code == 401


def test_with_its_token_a_session_ends(person: People, token: Tokens, client: "redis.Redis") -> None:
    anna = person(token())
    tokens.revoke(client, "anna")
    token(name="somebody-else")
    assert anna.get("/").status_code == 401


def test_neither_token_nor_cookie_stands_in_redis(
    person: People, token: Tokens, client: "redis.Redis"
) -> None:
    given = token()
    anna = person(given)
    (cookie,) = anna.http.cookies.values()
    assert given not in cookie
    dumped = b"".join(client.dump(key) + key.encode() for key in client.scan_iter())
    assert given.encode() not in dumped
    assert cookie.encode() not in dumped
    (session,) = client.scan_iter(keys.SESSION("*"))
    assert 0 < client.pttl(session) <= sessions.LASTS_MS


def test_the_cookie_is_for_this_site_and_no_script(person: People, token: Tokens) -> None:
    set_cookie = person(token()).sign_in("idw_no").request.headers["cookie"]
    assert set_cookie.startswith("identity-worker=")
    plain, secure = person(), person(**{"X-Forwarded-Proto": "https"})
    told = plain.get("/page/sign-in").headers["set-cookie"].lower()
    assert "httponly" in told
    assert "samesite=strict" in told
    assert "secure" not in told
    told = secure.get("/page/sign-in").headers["set-cookie"]
    assert told.startswith("__Host-identity-worker=")
    assert "Secure" in told


@pytest.mark.parametrize("given", ["idw_made-up", ""])
def test_a_token_that_was_never_made_is_refused(person: People, token: Tokens, given: str) -> None:
    token()
    answer = person().sign_in(given)
    assert answer.status_code == 403
    assert "never made" in answer.text


def test_the_token_of_a_program_signs_nobody_in(person: People, token: Tokens) -> None:
    answer = person().sign_in(token(Role.CALLER))
    assert answer.status_code == 403
    assert "for programs" in answer.text


def test_a_form_of_another_page_does_nothing(person: People, token: Tokens, url: str) -> None:
    given, anna = token(), person()
    for origin in ("http://evil.example", "null", "", f"{url}1"):
        assert anna.send("/page/sign-in", origin, token=given).status_code == 403
    assert anna.send("/page/sign-in", token=given, csrf="guessed").status_code == 403
    anna.http.cookies.clear()
    assert anna.http.post("/page/sign-in", data={"token": given}, headers={"Origin": url}).status_code == 403
    assert anna.sign_in(given).status_code == 303


@pytest.mark.parametrize("path", ["/", "/page/sign-in", "/page/updates", "/overview/part"])
def test_under_another_name_nothing_is_shown(person: People, path: str) -> None:
    answer = person().get(path, Host="evil.example")
    assert answer.status_code == 403
    assert "IDENTITY_WORKER_PAGE_HOSTS" in answer.text


@pytest.mark.parametrize("path", ["/", "/page/sign-in", "/nowhere-known", "/page/updates"])
def test_nothing_is_answered_on_the_way_of_a_proxy_without_a_token(person: People, path: str) -> None:
    answer = person(**{"X-Forwarded-For": "203.0.113.9"}).get(path)
    assert answer.status_code == {"/page/sign-in": 200, "/nowhere-known": 404}.get(path, 401)


@pytest.mark.parametrize(
    "then", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"]
)
def test_signing_in_leads_to_no_other_site(person: People, token: Tokens, then: str) -> None:
    answer = person().send("/page/sign-in", token=token(), then=then)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_whoever_signs_in_gets_what_he_asked_for(person: People, token: Tokens) -> None:
    given, anna = token(), person()
    then = re.search(r'name="then" value="([^"]*)"', anna.get("/overview/part?x=1").text)
    assert then is not None
    assert anna.send("/page/sign-in", token=given, then=then[1]).headers["location"] == "/overview/part?x=1"


def test_browsers_load_nothing_but_what_is_ours(person: People, settings: Settings) -> None:
    answer = person().get("/")
    told = answer.headers["content-security-policy"]
    api = settings.api_url.removesuffix("/")
    assert told == POLICY.replace("https: data:", f"https: data: {api}" if "http:" in api else "https: data:")
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son[a-z]+=|<style", answer.text)
    assert answer.headers["x-content-type-options"] == "nosniff"
    for address in re.findall(r'(?:src|href)="(/page/static/[^"]*)"', answer.text):
        file = person().get(address)
        assert (file.status_code, file.headers["x-content-type-options"]) == (200, "nosniff")
        assert "immutable" in file.headers["cache-control"]
    assert person().get("/page/static/../page.py").status_code == 404


def test_a_proxy_says_who_asks_and_nobody_else_does(
    settings: Settings, redis_url: str, client: "redis.Redis", token: Tokens
) -> None:
    token(Role.VIEWER, name="anna@studio.example")
    named = {"page_user_header": "X-User", "page_hosts": "page.studio.example, other.example"}
    for proxy, status in (("127.0.0.1", 200), ("192.0.2.1", 403), ("", 403)):
        with serving(settings.model_copy(update={**named, "page_proxy": proxy}), redis_url) as web:
            asked = Person(f"http://127.0.0.1:{web.port}", Host="page.studio.example")
            assert asked.get("/", **{"X-User": "anna@studio.example"}).status_code == status
            assert asked.get("/", **{"X-User": "stranger"}).status_code == 403
            assert asked.get("/").status_code == 401
            asked.http.close()
