"""Webhooks instead of streams: only what is signed counts, it counts once, and its effect is the same."""

import hmac
import json
import re
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import redis
import structlog
from own_account import Api
from processes import ProcessFactory, RunningProcess, web_command
from pydantic import SecretStr
from stepping import Flow, enqueue
from support import DEADLINE, eventually, everything
from typer.testing import CliRunner
from web_inlet import SECRET, Web, serving

from cli.demo.ports import free_port
from cli.main import app as command_line
from config import durations, keys
from config.accounts import DEFAULT
from config.settings import Settings
from config.settings import settings as process_settings
from web.app import MAX_BODY
from worker.ledger.ledger import Ledger
from worker.piktid.webhook_signatures import SecretsError, SecretStore, StoredWebhook, is_signed, sign

pytestmark = pytest.mark.channel

BEFORE = SecretStr("the secret of before")
URL = "https://worker.example/webhooks/default"
DAY = 86_400


@pytest.fixture
def store(settings: Settings) -> SecretStore:
    return SecretStore(settings.secrets)


@pytest.fixture
def web(settings: Settings, redis_url: str) -> Iterator[Web]:
    with serving(settings, redis_url) as running:
        yield running


@pytest.fixture
def generating(flow: Flow) -> str:
    """The job of a brief whose drafts are being made."""
    brief_id = flow.accept()
    return flow.until(brief_id, "generating").fields["job_id"]


def event(job: str | None, number: int = 1, **more: Any) -> dict[str, Any]:
    data = {"id_task": job} if job else {}
    return {"id": number, "name": "completed", "data": data, "timestamp": time.time(), **more}


@pytest.fixture
def unchanged(client: "redis.Redis") -> Callable[[], bool]:
    """Return what tells whether all of Redis is as it was when this was first asked."""
    before: list[dict[str, bytes | None]] = []

    def check() -> bool:
        before.append(everything(client))
        return before[-1] == before[0]

    return check


def woken(client: "redis.Redis") -> int:
    """How many steps are queued."""
    return client.llen(keys.QUEUE(keys.STEPS))


def test_a_signed_event_wakes_the_step_of_its_job(
    web: Web, store: SecretStore, flow: Flow, generating: str
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert woken(flow.client) == 0
    assert web.send(event(generating)) == 204
    assert flow.steps.run() == ("collect_drafts", "brief:brief-1")
    assert flow.client.zrange(keys.HANDLED(DEFAULT), 0, -1) == ["1"]


BODY = b'{"id": 1, "name": "completed", "data": {"id_task": "job_1"}}'
GOOD = sign(SECRET, BODY).decode()


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        GOOD.removeprefix("sha256="),
        GOOD[:-1],
        GOOD + "0",
        GOOD.upper(),
        "sha1=" + GOOD.removeprefix("sha256="),
        sign(BEFORE, BODY).decode(),
        sign(SECRET, BODY + b" ").decode(),
        "sha256=\xe9",
    ],
)
def test_what_is_not_signed_is_refused_and_changes_nothing(
    web: Web, store: SecretStore, generating: str, unchanged: Callable[[], bool], signature: str | None
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert unchanged()
    assert web.post(BODY, signature) == 401
    assert unchanged()


def test_a_signature_is_compared_in_constant_time_with_each_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def compare_and_tell(expected: bytes, given: bytes) -> bool:
        compared.append(expected)
        return compare(expected, given)

    monkeypatch.setattr(hmac, "compare_digest", compare_and_tell)
    webhook = StoredWebhook(URL, 0, SECRET, previous=BEFORE, previous_until=durations.SECRET_OVERLAP_SECONDS)
    assert not is_signed(webhook, BODY, "sha256=" + "0" * 64, 1)
    assert compared == [sign(SECRET, BODY), sign(BEFORE, BODY)]


def test_a_notification_is_answered_within_milliseconds(
    web: Web, store: SecretStore, flow: Flow, generating: str
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    took = []
    for number in range(50):
        began = time.perf_counter()
        assert web.send(event(generating, number)) == 204
        took.append(time.perf_counter() - began)
    # Each takes two or three; the median, as a busy machine may delay some.
    assert median(took) < 0.05


def test_before_a_secret_is_known_everything_is_refused_for_another_try(web: Web) -> None:
    assert web.send(event("job_1")) == 401


def test_a_foreign_account_is_refused_as_one_of_ours_is(
    web: Web, store: SecretStore, unchanged: Callable[[], bool]
) -> None:
    rest = b"Host: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"

    def answer(account: str) -> bytes:
        with socket.create_connection(("127.0.0.1", web.port), 10) as connection:
            connection.sendall(f"POST /webhooks/{account} HTTP/1.1\r\n".encode() + rest)
            return re.sub(rb"date: .*", b"", b"".join(iter(lambda: connection.recv(4096), b"")))

    store.replace("stranger", URL, SECRET, time.time())
    assert unchanged()
    before = answer(DEFAULT)
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert before.startswith(b"HTTP/1.1 401")
    assert answer(DEFAULT) == answer("stranger") == answer("none") == before
    assert web.post(BODY, GOOD, account="stranger") == 401
    assert web.post(BODY, GOOD, account="..%2Fdefault") == 404
    assert unchanged()


def test_as_much_is_compared_whatever_is_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    signed: list[bytes] = []
    monkeypatch.setattr(
        "worker.piktid.webhook_signatures.sign", lambda _secret, body: signed.append(body) or b""
    )
    for webhook in (
        None,
        StoredWebhook(URL, 0, SECRET),
        StoredWebhook(URL, 0, SECRET, BEFORE, durations.SECRET_OVERLAP_SECONDS),
    ):
        assert not is_signed(webhook, BODY, "sha256=" + "0" * 64, 1)
    assert signed == [BODY] * 6


def test_requests_that_are_never_whole_keep_nobody_out(
    settings: Settings, store: SecretStore, client: "redis.Redis", redis_url: str
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    with (
        structlog.testing.capture_logs() as logged,
        serving(settings, redis_url, lambda: 136) as web,
        ExitStack() as stack,
    ):
        head = b"POST /webhooks/default HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
        for half in (head[:30], head) * 20:
            half_sent = stack.enter_context(socket.create_connection(("127.0.0.1", web.port), 10))
            half_sent.sendall(half)
        assert web.send(event("job_1")) == 204
    assert 1 <= len([each for each in logged if each["event"] == "connections.full"]) <= 4


def dripped(connection: socket.socket) -> float:
    """For how many seconds a peer takes a byte now and then."""
    began = time.monotonic()
    while (seconds := time.monotonic() - began) < DEADLINE:
        try:
            connection.sendall(b"O")
            if connection.recv(4096) == b"":
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return seconds


def test_a_request_whose_head_drips_is_cut_off(
    settings: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "WEB_HEAD_SECONDS", 0.2)
    with serving(settings, redis_url) as web:
        for begun in (b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", web.port), 0.05) as connection:
                connection.sendall(begun + b"P")
                assert dripped(connection) < DEADLINE


def test_a_connection_that_sends_its_requests_together_is_not_cut_off_later(
    settings: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "WEB_HEAD_SECONDS", 0.5)
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with serving(settings, redis_url) as web, socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.settimeout(DEADLINE)
        answers = connection.makefile("rb")
        until = time.monotonic() + 3 * 0.5
        connection.sendall(request)
        while time.monotonic() < until:
            connection.sendall(request)
            time.sleep(0.01)  # what goes on meanwhile is the time of the first head
            assert answers.readline() == b"HTTP/1.1 404 Not Found\r\n"
            while answers.readline() not in (b"\r\n", b""):
                pass
            answers.read(len("Not Found"))


def test_web_reads_accounts_again_at_sighup_unless_they_are_wrong(
    settings: Settings, store: SecretStore, client: "redis.Redis", start: ProcessFactory, tmp_path: Path
) -> None:
    accounts, command = tmp_path / "accounts.toml", web_command()
    (tmp_path / "token").write_text("sandbox-a")

    def taken(name: str) -> bool:
        with suppress(ConnectionError):
            return Web(int(command[-1])).post(BODY, GOOD, account=name) == 204
        return False

    for name in ("a", "b"):
        store.replace(name, URL, SECRET, time.time())
    accounts.write_text(f'[accounts.a]\ntoken_file = "{tmp_path}/token"\n')
    web = start("web", command, ACCOUNTS_FILE=str(accounts))
    assert eventually(client, lambda: taken("a"))
    assert not taken("b")
    accounts.write_text(f'[accounts.b]\ntoken_file = "{tmp_path}/token"\n')
    web.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: taken("b"))
    assert not taken("a")
    accounts.write_text("[accounts.c]\n")
    web.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: "accounts.kept" in web.written())
    assert taken("b")


def test_what_is_too_large_is_refused(web: Web, store: SecretStore, unchanged: Callable[[], bool]) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert unchanged()
    large = b" " * (MAX_BODY + 1)
    assert web.post(large, sign(SECRET, large).decode()) == 413
    fits = b" " * MAX_BODY
    assert web.post(fits, sign(SECRET, fits).decode()) == 204
    assert unchanged()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[]", b"{}", b"7", b"[" * 100_000, b'{"name": "completed"}']
)
def test_a_signed_body_that_says_nothing_changes_nothing(
    web: Web, store: SecretStore, generating: str, unchanged: Callable[[], bool], body: bytes
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert unchanged()
    with structlog.testing.capture_logs() as logged:
        assert web.post(body, sign(SECRET, body).decode()) == 204
    assert unchanged()
    (line,) = logged
    assert (line["event"], line["bytes"], line["begins"]) == (
        "webhook.unreadable",
        len(body),
        ascii(body[:60]),
    )


def test_a_ping_is_answered_and_wakes_nobody(
    web: Web, store: SecretStore, generating: str, unchanged: Callable[[], bool]
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert unchanged()
    assert web.send({"id": 1, "name": "ping", "data": {}, "timestamp": time.time()}) == 204
    assert unchanged()


def test_an_event_counts_once(
    web: Web, store: SecretStore, flow: Flow, generating: str, unchanged: Callable[[], bool]
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    sent = event(generating)
    assert web.send(sent) == 204
    flow.steps.run()
    assert unchanged()
    assert web.send(sent) == 204
    assert unchanged()
    assert 0 < flow.client.pttl(keys.SEEN(DEFAULT)) <= 15 * 60_000


def test_an_event_older_than_what_is_remembered_changes_nothing(
    web: Web, store: SecretStore, generating: str, unchanged: Callable[[], bool]
) -> None:
    """Or a recorded one could be sent again once its id is forgotten."""
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert unchanged()
    assert web.send(event(generating, timestamp=time.time() - 16 * 60)) == 204
    assert unchanged()


def test_an_event_of_a_job_not_known_yet_waits_for_it(
    web: Web, store: SecretStore, client: "redis.Redis"
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert web.send(event("job_early")) == 204
    assert client.lrange(keys.EARLY(DEFAULT, "job_early"), 0, -1) == ["1"]


def test_the_secret_before_is_taken_for_ten_minutes_and_no_longer(web: Web, store: SecretStore) -> None:
    now = time.time()
    store.replace(DEFAULT, URL, BEFORE, now)
    store.replace(DEFAULT, URL, SECRET, now)
    assert (web.send(event("a", 1), BEFORE), web.send(event("b", 2), SECRET)) == (204, 204)
    stored = store.read(DEFAULT)
    assert stored is not None
    assert is_signed(stored, BODY, sign(BEFORE, BODY).decode(), now + durations.SECRET_OVERLAP_SECONDS - 1)
    assert not is_signed(stored, BODY, sign(BEFORE, BODY).decode(), now + durations.SECRET_OVERLAP_SECONDS)
    assert is_signed(stored, BODY, GOOD, now + DAY)


def test_an_expired_secret_is_refused(web: Web, store: SecretStore) -> None:
    store.replace(DEFAULT, URL, BEFORE, time.time() - DAY)
    store.replace(DEFAULT, URL, SECRET, time.time() - DAY)
    assert (web.send(event("a", 1), BEFORE), web.send(event("b", 2), SECRET)) == (401, 204)


def test_a_secret_that_is_set_while_it_runs_is_taken_at_once(web: Web, store: SecretStore) -> None:
    store.replace(DEFAULT, URL, BEFORE, time.time() - DAY)
    assert web.send(event("a", 1), SECRET) == 401
    store.replace(DEFAULT, URL, SECRET, time.time() - DAY)
    assert web.send(event("a", 1), SECRET) == 204


def test_a_secret_is_in_a_file_only_its_owner_can_read(store: SecretStore, settings: Settings) -> None:
    webhook = store.replace(DEFAULT, URL, SECRET, 1.0)
    (path,) = settings.secrets.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.secrets.stat().st_mode) == 0o700
    assert SecretStore(settings.secrets).read(DEFAULT) == webhook
    assert "the secret" not in repr(webhook)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"secret": "the secret of now"}', b'{"secret": ""}'])
def test_a_damaged_file_of_secrets_is_told_without_what_it_holds(
    web: Web, store: SecretStore, settings: Settings, content: bytes
) -> None:
    settings.secrets.mkdir()
    (settings.secrets / f"{DEFAULT}.json").write_bytes(content)
    with pytest.raises(SecretsError) as bad:
        store.read(DEFAULT)
    assert "the secret" not in str(bad.value)
    assert web.send(event("job_1")) == 401


def test_without_redis_the_api_is_asked_to_try_again(settings: Settings, store: SecretStore) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    with serving(settings, f"redis://127.0.0.1:{free_port()}") as web:
        assert web.send(event("job_1")) == 503


def run(*arguments: str, **options: Any) -> Any:
    return CliRunner().invoke(command_line, ["webhook", *arguments], **options)


def test_a_brief_comes_to_its_end_by_webhooks_alone(flow: Flow, web: Web, api: Api) -> None:
    """No stream is open and no timer is read: what moves the brief is what the web process is told."""
    assert run("set", web.url, "--yes").exit_code == 0
    brief_id = flow.accept()
    assert flow.finish(brief_id).state == "done"
    assert api.ledger()["open_streams"] == 0


def test_lost_doubled_late_and_forged_deliveries_end_the_same(heard: Flow, web: Web, api: Api) -> None:
    assert run("set", web.url, "--yes").exit_code == 0
    for kind in ("lose", "double", "late", "forge"):
        api.fault(kind, on="webhook")
    for brief_id in [heard.accept(name=f"face {number}") for number in range(3)]:
        assert heard.finish(brief_id).state == "done"
    assert api.ledger()["violations"]["duplicate_creates"] == 0


@pytest.fixture
def web_process(start: Callable[..., RunningProcess]) -> Callable[..., int]:
    """Return what starts `identity-worker web`, and returns its port."""

    def start_web(**more: str) -> int:
        port = free_port()
        script = str(Path(sys.executable).parent / "identity-worker")
        start("web", [script, "web", "--port", str(port)], **more)
        return port

    return start_web


def test_with_webhooks_no_stream_is_opened_and_handled_events_are_deleted(
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
    web_process: Callable[..., int],
    redis_url: str,
    ledger: Ledger,
    api: Api,
) -> None:
    api.set(backfill_seconds=100_000)
    by_webhook = {"IDENTITY_WORKER_EVENTS": "webhook"}
    port = web_process(**by_webhook)
    worker_process(**by_webhook)
    listener_process(**by_webhook)
    assert run("set", f"http://127.0.0.1:{port}/webhooks/default", "--yes").exit_code == 0
    enqueue(redis_url, brief_id="spring")
    eventually(ledger.client, lambda: ledger.client.zscore(keys.FINISHED(), "spring"))
    eventually(ledger.client, lambda: not api.ledger()["pending_notifications"])
    assert api.requests("GET /notifications/events") == 0
    assert api.requests("PUT /webhooks") == 1, "by the command alone"
    eventually(ledger.client, lambda: set(last_answers(api).values()) == {204})


def last_answers(api: Api) -> dict[int, int | None]:
    """Return what the last delivery of each event but the pings was answered; one may come too early."""
    sent = [entry for entry in api.ledger()["deliveries"] if entry["event"] != "ping"]
    return {entry["event_id"]: entry["status"] for entry in sent}


def test_set_replaces_the_webhook_only_when_told_so(settings: Settings, api: Api) -> None:
    refused = run("set", "http://127.0.0.1:9/webhooks/default")
    assert refused.exit_code == 2
    assert "replaces whatever URL is set" in refused.stderr
    assert api.requests("PUT /webhooks") == 0


def test_nothing_is_set_whose_secret_could_not_be_kept(
    settings: Settings, api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("IDENTITY_WORKER_SECRETS_DIR", str(tmp_path / "a-file" / "secrets"))
    process_settings.cache_clear()
    refused = run("set", URL, "--yes", "--any-path")
    assert refused.exit_code == 1
    assert "set IDENTITY_WORKER_SECRETS_DIR to a folder that can be written" in refused.stderr
    assert api.requests("PUT /webhooks") == 0


def test_set_and_show_tell_everything_but_the_secret(settings: Settings, store: SecretStore) -> None:
    url = "http://127.0.0.1:9/webhooks/default"
    shown = [run("set", url, "--yes"), run("set", url, "--yes", "--json"), run("show"), run("show", "--json")]
    assert [each.exit_code for each in shown] == [0, 0, 0, 0]
    stored = store.read(DEFAULT)
    assert stored is not None
    assert stored.previous is not None
    for each in shown:
        assert url in each.output
        assert "None" not in each.output
        assert stored.secret.get_secret_value() not in each.output
        assert stored.previous.get_secret_value() not in each.output
    assert json.loads(shown[3].output) == json.loads(shown[1].output)


def test_the_test_event_arrives(web: Web, settings: Settings, api: Api, client: "redis.Redis") -> None:
    without = run("test")
    assert without.exit_code == 1
    assert "use `identity-worker webhook set URL`" in without.stderr
    assert run("set", web.url, "--yes").exit_code == 0
    assert run("test").exit_code == 0
    assert api.requests("PUT /webhooks") == 1
    eventually(client, lambda: [each["status"] for each in api.ledger()["deliveries"]].count(204) >= 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("set",),
        ("show", "https://a.example/"),
        ("set", "http://a.example/", "--yes"),
        ("set", "nonsense", "--yes"),
        ("set", "https://a.example/webhooks/other", "--yes"),
        ("set", "https://a.example/", "--yes"),
        ("show", "--account", "stranger"),
        ("drop",),
    ],
)
def test_a_wrong_use_is_refused_before_anything_is_asked(
    settings: Settings, api: Api, arguments: tuple[str, ...]
) -> None:
    assert run(*arguments).exit_code == 2
    assert api.ledger()["requests"] == {}


def test_set_names_the_path_that_the_url_should_end_in(settings: Settings, api: Api) -> None:
    url = "http://127.0.0.1:9/elsewhere"
    refused = run("set", url, "--yes")
    assert "at /webhooks/default: end the URL so, or add --any-path" in refused.stderr
    assert api.requests("PUT /webhooks") == 0
    assert run("set", url, "--yes", "--any-path").exit_code == 0


def test_each_delivery_is_a_log_line_with_name_and_owner(
    web: Web, store: SecretStore, generating: str
) -> None:
    with structlog.testing.capture_logs() as logged:
        web.send(event(generating, 1))
        store.replace(DEFAULT, URL, SECRET, time.time())
        web.send(event(generating, 2))
        web.send({"id": 3, "name": "ping", "data": {}})
        web.send(event(generating, 4), BEFORE)
        web.post(BODY, GOOD, account="stranger%1B")
    names = ("event", "account", "name", "notification", "whose", "status", "why")
    assert [{name: each[name] for name in names if name in each} for each in logged] == [
        {
            "event": "webhook.refused",
            "account": DEFAULT,
            "status": 401,
            "why": "no webhook was set from here",
        },
        {
            "event": "webhook.taken",
            "account": DEFAULT,
            "name": "completed",
            "notification": "2",
            "whose": "ours",
        },
        {"event": "webhook.ping", "account": DEFAULT, "name": "ping", "notification": "3"},
        {
            "event": "webhook.refused",
            "account": DEFAULT,
            "status": 401,
            "why": "not signed with the account's secret",
        },
        {
            "event": "webhook.refused",
            "account": "stranger\\x1b",
            "status": 401,
            "why": "no such account",
        },
    ]


def test_show_says_when_none_was_set_from_here(settings: Settings) -> None:
    shown = run("show")
    assert (shown.exit_code, shown.output.strip().endswith("was set from here")) == (1, True)
