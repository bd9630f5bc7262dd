"""`identity-worker token`: made once, told once, listed without it, taken away."""

import json

import redis
from commandline import Command

from worker.callers import tokens
from worker.store.connection import connect


def test_a_token_is_told_once_and_may_be_taken_away(command: Command, client: "redis.Redis") -> None:
    assert "Nobody has a token" in command("token").stdout
    token = command("token", "shop", "--account", "default", "--credits-a-day", "500").stdout.strip()
    caller = tokens.find(client, token)
    assert caller is not None
    assert (caller.name, caller.accounts, caller.credits_a_day) == ("shop", ("default",), 500)
    listed = command("token").stdout
    assert "shop  caller  default, priority up to 100, 500 credits a day" in listed
    assert token not in listed + command("token", "--json").stdout
    refused = command("token", "shop")
    assert (refused.returncode, "--replace" in refused.stderr) == (2, True)
    new = json.loads(command("token", "shop", "--replace", "--json").stdout)["token"]
    assert tokens.find(client, token) is None
    assert tokens.find(client, new) is not None
    assert command("token", "shop", "--revoke").returncode == 0
    assert tokens.find(client, new) is None
    assert command("token", "shop", "--revoke").returncode == 1


def test_what_no_token_may_be_is_told(command: Command) -> None:
    for arguments in (["a b"], ["shop", "--priority", "101"], ["shop", "--credits-a-day", "0"]):
        told = command("token", *arguments)
        assert told.returncode == 2
        assert told.stderr


def test_of_shards_the_first_has_the_tokens(command: Command, redis_url: str) -> None:
    shards = {"IDENTITY_WORKER_NAMESPACE": "{http}", "IDENTITY_WORKER_SHARDS": "2"}
    for served in ({}, {"IDENTITY_WORKER_SHARD": "1"}):
        token = command("token", "shop", **shards, **served).stdout.strip()
        assert "shop  caller" in command("token", **shards, **served).stdout
        with connect(redis_url, "{http}:") as first:
            found = tokens.find(first, token)
            first.flushdb()
        assert found is not None
