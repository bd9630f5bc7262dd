"""The smallest user that docs/deploying.md gives us on a Redis: everything runs as it."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from commandline import Command
from processes import ProcessFactory, listener_command, script, web_command, worker_command
from support import eventually

from actors.broker.broker import Broker
from config import keys
from config.shards import shard_of
from tests.servers.server import Server, server
from tests.servers.smallest_user import let_in
from tests.web.page.conftest import Person
from tests.worker.hooks.receivers import SECRET, receiving
from tests.worker.traces.collector import collecting

#: What somebody types who operates an installation, beside its processes.
TYPED = (
    "status ada",
    "status --held",
    "watch --once",
    "why ada",
    "accounts",
    "limits default",
    "pause --account default",
    "unpause --account default",
    "resume default",
    "update ada --priority 7",
    "events",
    "actions",
    "audit",
    "audit --recount",
    "healthy",
    "retry --batch b --dry-run",
    "cancel eve",
    "export --batch b --to exported",
    "doctor",
)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server that knows that user."""
    with server(tmp_path / "server") as own:
        let_in(own, "worker")
        # Another one with the same rights, on the keys of shards.
        let_in(own, "shards", "{studio}:", "{studio:*}:")
        yield own


@pytest.mark.story
def test_everything_runs_as_the_smallest_user(
    alone: Command, environment: dict[str, str], own: Server, start: ProcessFactory, tmp_path: Path
) -> None:
    url = {"REDIS_URL": f"redis://worker:pw@{own.address}/0", "IDENTITY_WORKER_ARCHIVE": str(tmp_path / "to")}
    briefs = [{"brief_id": "ada"}, {"brief_id": "eve", "choose": "manual"}]
    lines = [json.dumps({**each, "batch": "b", "instructions": [{"prompt": "a face"}]}) for each in briefs]

    def typed(words: str, stdin: str = "") -> int:
        answer = alone(*words.split(), stdin=stdin, **{**environment, **url})
        print(words, answer.returncode, answer.stderr)  # noqa: T201  # pytest shows it where the test fails
        return answer.returncode

    start("worker", worker_command(), **url)
    start("listener", listener_command(), **url)
    assert typed("enqueue - --format jsonl", "\n".join(lines)) == 0
    assert typed("wait --batch b --timeout 60s") == 3, "eve waits for a person"
    assert {words: typed(words) for words in TYPED} == dict.fromkeys(TYPED, 0)
    assert typed("archive --once") == 0
    assert own.client.execute_command("ACL", "LOG") == []


def test_a_message_is_given_back_as_the_smallest_user(own: Server) -> None:
    broker = Broker(f"redis://worker:pw@{own.address}/0")
    broker.enqueue_briefs(["{}"])
    (taken,) = broker.fetch(keys.INLET, 1)
    broker.requeue(keys.INLET, taken.id)
    assert [each.id for each in broker.fetch(keys.INLET, 1)] == [taken.id]
    assert own.client.execute_command("ACL", "LOG") == []
    broker.client.close()


@pytest.mark.story
def test_accounts_move_to_another_shard_as_the_smallest_user(
    alone: Command, environment: dict[str, str], own: Server, start: ProcessFactory, tmp_path: Path
) -> None:
    moves = next(f"a{number}" for number in range(99) if shard_of(f"a{number}", 2) == 1)
    (tmp_path / "accounts.toml").write_text(f'[accounts.{moves}]\ntoken_env = "PIKTID_API_TOKEN"\n')
    more = {
        "REDIS_URL": f"redis://shards:pw@{own.address}/0",
        "IDENTITY_WORKER_NAMESPACE": "{studio}",
        "IDENTITY_WORKER_SHARDS": "2",
        "ACCOUNTS_FILE": str(tmp_path / "accounts.toml"),
    }
    own.client.hset("{studio}:identity:shards", "count", 1)  # as where there was one
    for shard in "01":
        for name, command in (("worker", worker_command()), ("listener", listener_command())):
            start(f"{name}-{shard}", command, **more, IDENTITY_WORKER_SHARD=shard)
    # Before that there is nothing to move.
    eventually(own.client, lambda: own.client.sismember("{studio}:" + keys.ACCOUNTS(), moves))

    def typed(words: str, stdin: str = "") -> int:
        answer = alone(*words.split(), stdin=stdin, **{**environment, **more})
        print(words, answer.returncode, answer.stderr)  # noqa: T201  # pytest shows it where the test fails
        return answer.returncode

    sent = [{"brief_id": each, "account": moves, "instructions": [{"prompt": "a face"}]} for each in "ab"]
    assert typed("enqueue - --format jsonl", "\n".join(map(json.dumps, sent))) == 0
    assert typed("shards --spread") == 0
    assert typed("wait --timeout 60s") == 0
    told = ("shards", "status", "accounts", "events", "audit", "doctor", "token shop", "token", "actions")
    assert {words: typed(words) for words in told} == dict.fromkeys(told, 0)
    assert own.client.hget("{studio}:identity:shards", f"at:{moves}") == "1"
    assert own.client.execute_command("ACL", "LOG") == []


#: What programs and people read by HTTP.
READ = (
    *("/v1/briefs", "/v1/briefs/ada", "/v1/batches", "/v1/batches/b", "/v1/accounts", "/v1/actions"),
    *("/v1/events", "/v1/hooks", "/v1/hooks/shop", "/v1/hooks/shop/deliveries", "/metrics", "/readyz"),
    *("/", "/briefs?filter=state:open", "/page/briefs/totals", "/briefs/ada", "/gallery"),
    *("/accounts", "/log", "/access"),
)


@pytest.mark.story
def test_web_and_what_tells_others_run_as_the_smallest_user(
    alone: Command, environment: dict[str, str], own: Server, start: ProcessFactory, tmp_path: Path
) -> None:
    with receiving() as shop, collecting() as collector:
        more = {
            "REDIS_URL": f"redis://worker:pw@{own.address}/0",
            "IDENTITY_WORKER_SECRETS_DIR": str(tmp_path / "secrets"),
            "IDENTITY_WORKER_HOOKS_PRIVATE": "1",
            "IDENTITY_WORKER_TRACES": "1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        }
        web = web_command()
        deliver = [script("identity-worker"), "deliver"]
        for command in (worker_command(), listener_command(), web, deliver):
            start(command[1], command, **more)

        def typed(*words: str) -> str:
            answer = alone(*words, **{**environment, **more})
            assert answer.returncode == 0, answer.stderr
            return answer.stdout

        (tmp_path / "secret").write_text(SECRET)
        typed("hooks", "add", shop.url, "--name", "shop", "--secret-file", str(tmp_path / "secret"))
        token = typed("token", "anna", "--role", "admin").split()[-1]
        anna = Person(f"http://127.0.0.1:{web[-1]}")
        eventually(own.client, lambda: _answers(anna))
        anna.http.headers["Authorization"] = f"Bearer {token}"
        ada = {"brief_id": "ada", "batch": "b", "choose": "manual", "instructions": [{"prompt": "a face"}]}
        assert anna.http.post("/v1/plan", json=ada).status_code == 200
        assert anna.http.post("/v1/briefs", json=ada).status_code == 202
        eventually(own.client, lambda: anna.http.get("/v1/briefs/ada").json()["state"] == "choosing")
        assert anna.sign_in(token).status_code == 303
        assert {path: anna.get(path).status_code for path in READ} == dict.fromkeys(READ, 200)
        order = anna.send("/order/give", what="update", filter="batch:b", priority="3").headers["location"]
        assert anna.send("/order/begin", order=order.rpartition("/")[2]).status_code == 303
        draft = anna.http.get("/v1/briefs/ada").json()["drafts"][0]["image_result_id"]
        assert anna.http.post("/v1/briefs/ada/pick", json={"drafts": [draft]}).status_code == 200
        typed("wait", "--batch", "b", "--timeout", "60s")
        done = "identity.brief.done"
        eventually(own.client, lambda: done in {each.event["type"] for each in shop.deliveries})
        collector.wait("process briefs")
        typed("restored")
        typed("token", "anna", "--revoke")
        anna.http.close()
    assert own.client.execute_command("ACL", "LOG") == []


def _answers(person: Person) -> bool:
    try:
        return person.get("/healthz").status_code == 200
    except httpx.HTTPError:
        return False
