"""Two installations with one namespace and two tokens: the processes of the second do not start."""

import pytest
from commandline import Command
from pydantic import SecretStr
from stepping import Flow

from config.accounts.account import Account
from config.accounts.reading import accounts_at_start
from worker.operations import owners


@pytest.mark.parametrize("process", ["listen", "work"])
def test_a_process_with_another_token_ends_with_the_remedy(
    flow: Flow, command: Command, environment: dict[str, str], process: str
) -> None:
    owners.claim(flow.functions, accounts_at_start(flow.settings).accounts)
    flow.accept(brief_id="b")
    refused = command(process, **environment | {"PIKTID_API_TOKEN": "sandbox-second"})
    assert refused.returncode == 1
    assert "account default is in use on this Redis with another token" in refused.stderr
    assert "sandbox-second" not in refused.stderr + refused.stdout


def test_the_command_of_the_remedy_lets_it_start(
    flow: Flow, command: Command, environment: dict[str, str]
) -> None:
    owners.claim(flow.functions, accounts_at_start(flow.settings).accounts)
    flow.accept(brief_id="b")
    assert command("accounts", "--token-changed", "nobody", **environment).returncode == 1
    assert command("accounts", "--token-changed", "default", "--json", **environment).returncode == 2
    assert command("accounts", "--token-changed", "default", **environment).returncode == 0
    assert "token-changed" in command("actions", **environment).stdout
    second = Account(name="default", token=SecretStr("second"))
    owners.claim(flow.functions, {"default": second})
