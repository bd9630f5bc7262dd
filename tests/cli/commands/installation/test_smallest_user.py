"""The smallest user that docs/deploying.md gives us on a Redis: everything runs as it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import Command
from processes import ProcessFactory, listener_command, worker_command
from support import ROOT

from config.shards import shard_of
from tests.servers.server import Server, server

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
    page = (ROOT / "docs/deploying.md").read_text(encoding="utf-8")
    (rules,) = re.findall(r"(?<=<!-- begin user -->\n```\n)ACL SETUSER .*?(?=\n```)", page, re.DOTALL)
    with server(tmp_path / "server") as own:
        own.client.execute_command(*rules.replace(">PASSWORD", ">pw").split())
        # Another one with the same rights, on the keys of shards.
        of_shards = re.sub(r"~(\S+)", r"~{studio}:\1 ~{studio:*}:\1", rules).replace("worker", "shards", 1)
        own.client.execute_command(*of_shards.replace(">PASSWORD", ">pw").split())
        own.client.execute_command("ACL", "LOG", "RESET")
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
