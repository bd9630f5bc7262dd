"""`identity-worker token`: made once, told once, listed without it, taken away."""

import json

import redis
from commandline import Command

from worker.callers import tokens


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
