"""What is lost on the way, and what must not be: a request or its answer, a message, a worker, a server."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import unquote, urlsplit

import pytest
import redis
from own_account import CREATE, Api
from processes import ProcessFactory
from pydantic import ValidationError
from stepping import Flow, enqueue, listening
from support import DEADLINE, ROOT, brief, event_types, events, eventually

from actors.broker.broker import Broker
from config import durations, keys
from config.settings import Settings
from tests.chaos.harness.cutting import Cutting, cutting
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Answer, Note
from worker.lifecycle.preparing import MOST_FAILURES
from worker.store.connection import connect
from worker.views import snapshots

ACCOUNT = "default"
SUBJECT = "brief:b"


@pytest.fixture
def proxy(redis_url: str) -> Iterator[Cutting]:
    """A proxy in front of the test's Redis."""
    with cutting(redis_url) as proxy:
        yield proxy


def has_workers(client: "redis.Redis") -> Callable[[], bool]:
    return lambda: client.zcard(keys.WORKERS()) > 0


def state(ledger: Ledger, subject: str) -> str | None:
    found = ledger.read(subject)
    return found.state if found else None


# --- a message between its queue and the ledger ------------------------------------------------------------


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_brief_that_lost_redis_while_accepting_is_on_record_once(
    client: "redis.Redis",
    ledger: Ledger,
    api: Api,
    proxy: Cutting,
    redis_url: str,
    worker_process: ProcessFactory,
    lost: str,
) -> None:
    api.lose_events()  # by webhook the brief would not stay where it is looked at
    worker_process(REDIS_URL=proxy.url)
    assert eventually(client, has_workers(client))
    cut = proxy.cut_request if lost == "request" else proxy.cut_answer
    cut("FCALL", '"envelope"', "lucky")
    enqueue(redis_url, brief_id="lucky")
    assert proxy.done.wait(DEADLINE)
    assert eventually(client, lambda: state(ledger, "brief:lucky"))
    assert eventually(client, lambda: not client.hlen(keys.MESSAGES(keys.INLET)))
    assert event_types(client, "lucky") == ["identity.brief.accepted"]
    assert not client.exists(keys.DEAD_LETTERS(keys.INLET), keys.QUEUE(keys.INLET))


def test_a_message_whose_fetch_was_unanswered_runs_there_within_seconds(
    client: "redis.Redis",
    ledger: Ledger,
    proxy: Cutting,
    redis_url: str,
    worker_process: ProcessFactory,
) -> None:
    worker = worker_process(REDIS_URL=proxy.url)
    # A server that does not know the function yet fetches nothing at the first request.
    enqueue(redis_url, brief_id="first")
    assert eventually(client, lambda: state(ledger, "brief:first"))
    proxy.cut_answer("FCALL", f'"queue":"{keys.INLET}"', '"most"')
    enqueue(redis_url, brief_id="lucky")
    assert proxy.done.wait(DEADLINE)
    assert eventually(client, lambda: state(ledger, "brief:lucky"), deadline=10)
    assert "messages.reclaimed" in worker.written()
    assert client.zcard(keys.WORKERS()) == 1


def raw_message(redis_id: str, **changed: Any) -> str:
    """The text of an inlet message, as somebody would write it by hand."""
    whole = {
        "queue_name": keys.INLET, "actor_name": "accept_brief", "args": [brief(brief_id=redis_id)],
        "kwargs": {}, "options": {"redis_message_id": redis_id}, "message_id": redis_id,
        "message_timestamp": 0,
    }  # fmt: skip
    return json.dumps(whole | changed)


def test_messages_that_cannot_be_run_are_put_aside_and_their_neighbours_run(
    client: "redis.Redis", worker_process: ProcessFactory
) -> None:
    bad = {
        "no-json": "{",
        "no-fields": '{"queue_name": "briefs"}',
        "unknown-actor": raw_message("unknown-actor", actor_name="nobody"),
    }
    good = {f"good-{number}": raw_message(f"good-{number}") for number in range(8)}
    misnamed = {"misnamed": raw_message("misnamed", options={"redis_message_id": "another"})}
    order = ["good-0", "no-json", "good-1", "no-fields", "misnamed", "unknown-actor"]
    order += [name for name in good if name not in order]
    for redis_id, text in (bad | good | misnamed).items():
        client.hset(keys.MESSAGES(keys.INLET), redis_id, text)
    client.rpush(keys.QUEUE(keys.INLET), *order)
    worker_process()
    assert eventually(client, lambda: not client.hlen(keys.MESSAGES(keys.INLET)))
    assert sorted(cast(list[str], client.zrange(keys.UNFINISHED(), 0, -1))) == sorted([*good, "misnamed"])
    assert sorted(cast(list[str], client.zrange(keys.DEAD_LETTERS(keys.INLET), 0, -1))) == sorted(bad)
    assert client.hgetall(keys.DEAD_LETTER_TEXTS(keys.INLET)).keys() == bad.keys()
    assert not list(client.scan_iter(keys.IN_HAND("*", keys.INLET)))


def test_a_dead_letter_of_the_inlet_is_kept_for_good(client: "redis.Redis", redis_url: str) -> None:
    client.zadd(keys.DEAD_LETTERS(keys.INLET), {"old": 1})
    client.zadd(keys.DEAD_LETTERS(keys.STEPS), {"old": 1})
    client.hset(keys.DEAD_LETTER_TEXTS(keys.INLET), "old", "{}")
    client.hset(keys.DEAD_LETTER_TEXTS(keys.STEPS), "old", "{}")
    broker = Broker(redis_url, prefetch=1)
    broker.tend()
    broker.client.close()
    assert client.hkeys(keys.DEAD_LETTER_TEXTS(keys.INLET)) == ["old"]
    assert not client.exists(keys.DEAD_LETTERS(keys.STEPS)), f"older than {durations.DEAD_LETTERS_KEPT_MS} ms"


# --- what was paid for -------------------------------------------------------------------------------------


def at_the_call(flow: Flow, call: str) -> str:
    """Take a brief to where the message of its paid call is queued; return the subject of the call."""
    flow.accept(brief_id="b")
    if call == "create":
        return SUBJECT
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer(SUBJECT)
    flow.steps.run()
    return "promotion:b#0"


@pytest.mark.parametrize("lost", ["request", "answer"])
@pytest.mark.parametrize(
    ("call", "to", "made"),
    [("create", "generating", "job_id"), ("promote", "preprocessing", "identity_code")],
)
def test_a_paid_call_is_recorded_when_redis_comes_back_without_another(
    flow: Flow, proxy: Cutting, worker_process: ProcessFactory, call: str, to: str, made: str, lost: str
) -> None:
    flow.api.lose_events()  # by webhook the record would not stay where it is looked at
    subject = at_the_call(flow, call)
    before = len(flow.calls("b"))
    cut = proxy.cut_request if lost == "request" else proxy.cut_answer
    cut("FCALL", f'"to":"{to}"')
    worker = worker_process(REDIS_URL=proxy.url)
    assert proxy.done.wait(DEADLINE)
    assert eventually(flow.client, lambda: flow.record(subject).state == to)
    assert eventually(flow.client, lambda: not flow.client.hlen(keys.MESSAGES(keys.STEPS)))
    assert "paid_call.unrecorded" in worker.written()
    assert flow.calls("b")[before:] == [f"{call} intended", f"{call} accepted"]
    account = flow.api.ledger()
    known = [each[made] for each in (account["jobs"] if call == "create" else account["identities"])]
    assert known == [flow.record(subject).get(made)]
    assert len(account["promotions"]) == (call == "promote")


def test_an_unresolved_create_keeps_its_permit_until_its_job_is_over(flow: Flow) -> None:
    from actors.runtime import runtime

    flow.api.lose_events()
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "uncertain"
    rt = runtime()
    patience = rt.unresolved_ms / 1000
    assert patience > durations.JOB_PATIENCE_SECONDS / flow.settings.speed
    flow.grow_older(SUBJECT, patience / 2)
    assert flow.steps.run() == ("submit_brief", SUBJECT)
    assert flow.brief("b").state == "uncertain"
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [SUBJECT]
    flow.grow_older(SUBJECT, DEADLINE)
    assert flow.steps.run() == ("submit_brief", SUBJECT)
    assert flow.brief("b").state == "held"
    assert flow.client.zcard(keys.PERMITS(ACCOUNT)) == 0
    assert event_types(flow.client)[-1] == "identity.brief.held"
    assert flow.api.requests(f"POST {CREATE}") == 1


# --- preparation, choice, settings, events -----------------------------------------------------------------


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "references"
    folder.mkdir()
    (folder / "ada.png").write_bytes(b"\x89PNG\r\n\x1a\n a face")
    return {**environment, "IDENTITY_WORKER_REFERENCE_DIR": str(folder)}


@pytest.mark.parametrize("end", ["failed", "held"])
@pytest.mark.parametrize("overtaken", [False, True])
def test_only_the_run_that_was_not_overtaken_ends_a_preparation(
    flow: Flow, end: str, overtaken: bool
) -> None:
    # Neither call is answered in time. The upload was the last try; nobody knows whether the other was paid.
    if end == "held":
        flow.accept(brief_id="b", instructions=None, reference_image="ada.png")
        flow.steps.run()
        flow.api.fault("delay", path="/preset/extract-from-image", seconds=10)
    else:
        asset = {"file": "ada.png"}
        flow.accept(brief_id="b", instructions=[{"prompt": "A face.", "input_assets": [asset]}])
        flow.client.hset(keys.RECORD(SUBJECT), "tries", MOST_FAILURES - 1)
        flow.api.fault("delay", path="/upload", seconds=10)
    turn = int(flow.brief("b").get("turn") or 0) + 1
    thread = threading.Thread(target=flow.steps.run)
    thread.start()
    assert eventually(flow.client, lambda: _has_turn(flow, turn))
    if overtaken:
        fields = {"turn": str(turn + 1)}
        assert (
            flow.ledger.note(flow.brief("b"), Note(when={"turn": str(turn)}, fields=fields)) is Answer.APPLIED
        )
    thread.join()
    assert flow.brief("b").state == ("preparing" if overtaken else end)
    assert flow.brief("b").get("turn") == str(turn + overtaken)
    outcomes = [entry for entry in snapshots.journal(flow.client, "b") if entry["what"] != "intended"]
    assert [entry.get("late", False) for entry in outcomes] == ([overtaken] if end == "held" else [])


def _has_turn(flow: Flow, turn: int) -> bool:
    return flow.brief("b").get("turn") == str(turn)


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_drafts_and_their_choice_are_on_record_exactly_once(
    client: "redis.Redis",
    ledger: Ledger,
    proxy: Cutting,
    redis_url: str,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
    lost: str,
) -> None:
    worker_process(REDIS_URL=proxy.url)
    listener_process()
    cut = proxy.cut_request if lost == "request" else proxy.cut_answer
    cut("FCALL", '"promotions"')
    enqueue(redis_url, brief_id="b")
    assert proxy.done.wait(DEADLINE)
    assert eventually(client, lambda: state(ledger, SUBJECT) == "done")
    assert event_types(client).count("identity.drafts.ready") == 1
    calls = [f"{entry['call']} {entry['what']}" for entry in snapshots.journal(client, "b")]
    assert calls == [
        "create intended",
        "create accepted",
        "create charged",
        "promote intended",
        "promote accepted",
    ]


def test_a_brief_goes_on_when_what_waits_has_nothing_to_pick(flow: Flow) -> None:
    instructions = [{"prompt": "A face.", "num_variations": 1}] * 2
    flow.accept(brief_id="b", instructions=instructions, choose=["manual", "first"])
    flow.steps.run()
    flow.api.rest()
    (job,) = flow.api.ledger()["jobs"]
    first, second = (draft["image_result_id"] for draft in job["drafts"])
    rows = [
        {"image_result_id": first, "image_index": 0, "status": "failed"},
        {"image_result_id": second, "image_index": 1, "status": "completed"},
    ]
    flow.api.refuse("/jobs/*/results", 200, {"status": "completed", "results": rows})
    flow.wake_timer(SUBJECT)
    assert flow.steps.run() == ("collect_drafts", SUBJECT)
    assert flow.brief("b").state == "promoting"
    assert flow.promotion("b").get("instruction") == "1"


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.7",
        "http://v2.api.piktid.com",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "ftp://127.0.0.1",
        "//127.0.0.1",
    ],
)
def test_no_api_is_called_in_clear_but_one_on_this_machine(url: str) -> None:
    with pytest.raises(ValidationError, match="must be https, or http to this machine"):
        Settings(api_url=url)


@pytest.mark.parametrize("url", ["https://v2.api.piktid.com", "http://127.0.0.1:80", "http://[::1]:80"])
def test_an_api_by_https_or_on_this_machine_may_be_called(url: str) -> None:
    assert Settings(api_url=url).api_url == url


def test_a_bad_brief_keeps_what_is_good_of_its_envelope(flow: Flow) -> None:
    flow.accept(brief_id="b", batch="autumn", metadata={"order": 7}, priority=1_000)
    (told,) = events(flow.client)
    assert told["type"] == "identity.brief.failed"
    assert (told["data"]["batch"], told["data"]["metadata"]) == ("autumn", {"order": 7})
    assert [each.brief_id for each in snapshots.briefs(flow.client, batch="autumn")] == ["b"]
    flow.accept(brief_id="c", batch=["no", "batch"], metadata="none")
    data = events(flow.client, "c")[0]["data"]
    assert (data["batch"], data["metadata"]) == (None, {})


def test_an_event_that_cannot_be_deleted_keeps_no_other_from_it(
    flow: Flow, redis_url: str, client: "redis.Redis"
) -> None:
    flow.api.refuse("/notifications/stuck", 500, count=1_000)
    client.zadd(keys.HANDLED(ACCOUNT), {"stuck": 1, "2": 2, "3": 3})
    client.expire(keys.HANDLED(ACCOUNT), 600)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(client, lambda: client.zrange(keys.HANDLED(ACCOUNT), 0, -1) == ["stuck"])


# --- Redis itself ------------------------------------------------------------------------------------------

SECRET_PARTS = ("sesame", "xyzzy", "plugh")


@pytest.mark.parametrize("password", ["sesame/xyzzy/plugh", "sesame#xyzzy#plugh", "sesame?xyzzy[plugh"])
@pytest.mark.parametrize(
    "command", [["-m", "cli", "status"], ["-m", "cli", "listen"], ["-m", "dramatiq", "actors.path"]]
)
def test_a_password_that_spoils_the_url_of_redis_is_in_no_error(command: list[str], password: str) -> None:
    variables = {"REDIS_URL": f"redis://:{password}@127.0.0.1:1/0", "PIKTID_API_TOKEN": "a token"}
    more = ["--processes", "1", "--threads", "1"] if "dramatiq" in command else []
    ended = subprocess.run(
        [sys.executable, *command, *more],
        cwd=ROOT,
        env=bare_environment(variables),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "redis" in said.lower()
    assert [part for part in SECRET_PARTS if part in said] == []


def bare_environment(variables: dict[str, str]) -> dict[str, str]:
    """This process's environment without the settings that are the session's."""
    mine = ("REDIS_URL", "PIKTID_API_TOKEN", "PIKTID_API_URL", "IDENTITY_WORKER_DATA_DIR")
    return {name: value for name, value in os.environ.items() if name not in mine} | variables


def start_python(*arguments: str, **variables: str) -> "subprocess.Popen[str]":
    """Start Python from the project's folder; it ends when its standard input is closed."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=bare_environment(variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process: "subprocess.Popen[str]") -> str:
    return cast(IO[str], process.stdout).readline().strip()


def listener_of(url: str) -> socket.socket:
    """A connection to the server of a URL: reading from it ends when the server does."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(DEADLINE)
    connection.connect(unquote(urlsplit(url).path))
    return connection


def test_the_embedded_server_ends_in_order_when_it_is_told_to(tmp_path: Path) -> None:
    with start_python("-m", "worker.store.keeper", str(tmp_path), "always", "0") as process:
        url = first_line(process)
        with listener_of(url) as server:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=DEADLINE)
            assert server.recv(1) == b""
    assert (process.returncode, errors) == (0, "")
    assert not (tmp_path / "url").exists()


USER = """
import sys
from config import logs
from worker.store.embedded import redis_url
from config.settings import Settings
logs.configure(Settings())
with redis_url(Settings()) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def test_who_reads_the_first_user_need_not_wait_for_the_last(tmp_path: Path) -> None:
    with start_python("-c", USER, IDENTITY_WORKER_DATA_DIR=str(tmp_path)) as first:
        url = first_line(first)
        with start_python("-c", USER, IDENTITY_WORKER_DATA_DIR=str(tmp_path)) as second:
            assert first_line(second) == url
            _, errors = first.communicate(timeout=DEADLINE)  # returns when both pipes are at their end
            assert first.returncode == 0
            assert ["event=redis.embedded" in line for line in errors.splitlines()] == [True]
            with connect(url) as client:
                assert client.ping()


def test_an_embedded_server_that_does_not_start_says_which_logs_tell_why(tmp_path: Path) -> None:
    (tmp_path / "valkey").mkdir()
    (tmp_path / "valkey" / "appendonlydir").write_text("is in the way")
    with start_python("-c", USER, IDENTITY_WORKER_DATA_DIR=str(tmp_path)) as user:
        _, errors = user.communicate(timeout=DEADLINE)
    assert f"its logs: valkey.log and keeper.log in {tmp_path}" in errors
    assert "Traceback" in (tmp_path / "valkey" / "keeper.log").read_text()


def test_the_shared_embedded_server_lives_as_long_as_anybody_uses_it(tmp_path: Path) -> None:
    def user() -> "subprocess.Popen[str]":
        return start_python("-c", USER, IDENTITY_WORKER_DATA_DIR=str(tmp_path))

    with user() as first:
        url = first_line(first)
        with connect(url) as client:
            client.set("kept", "yes")
        with user() as second, listener_of(url) as server:
            assert first_line(second) == url
            first.kill()
            first.wait()
            # Longer than the server takes to look whether anybody is left.
            server.settimeout(4 * durations.EMBEDDED_USERS_SECONDS)
            with pytest.raises(TimeoutError):
                server.recv(1)
            server.settimeout(DEADLINE)
            _, errors = second.communicate(timeout=DEADLINE)
            assert (second.returncode, errors) == (0, "")
            assert server.recv(1) == b""
    with user() as third:
        url = first_line(third)
        with connect(url) as client, listener_of(url) as server:
            assert client.get("kept") == "yes"
            client.close()
            third.kill()
            assert server.recv(1) == b"", "the last user was killed"
