"""Other APIs than the real one, their paths, and clocks that are faster: what `doctor` says of them."""

import json

import pytest
from commandline import Command
from own_account import Api

REAL = "https://v2.api.piktid.com"


@pytest.mark.parametrize("speed", ["1", "2"])
def test_faster_clocks_with_an_api_elsewhere_are_warned_of(
    command: Command, environment: dict[str, str], speed: str
) -> None:
    changed = {"PIKTID_API_URL": "https://0.0.0.0:9", "IDENTITY_WORKER_SPEED": speed}
    answer = command("doctor", "--json", **{**environment, **changed})
    clocks = [each for each in json.loads(answer.stdout) if each["name"] == "clocks"]
    assert [each["health"] for each in clocks] == (["warn"] if speed == "2" else [])
    assert all("https://0.0.0.0:9 is not on this machine" in each["said"] for each in clocks)


def test_an_api_below_another_path_fails_with_the_remedy(
    command: Command, environment: dict[str, str], api: Api
) -> None:
    answer = command("doctor", "--json", **{**environment, "PIKTID_API_URL": f"{api.url}/nowhere"})
    (account,) = (each for each in json.loads(answer.stdout) if each["name"] == "account default")
    assert (account["health"], answer.returncode) == ("fail", 1)
    assert "with the path where the API is below one" in account["said"]


@pytest.mark.parametrize("name", ["work", "listen", "web", "audit", "doctor"])
def test_nothing_is_begun_with_faster_clocks_than_the_real_api(
    command: Command, environment: dict[str, str], name: str
) -> None:
    answer = command(name, **{**environment, "PIKTID_API_URL": REAL})
    told = answer.stdout if name == "doctor" else answer.stderr
    assert answer.returncode == (1 if name == "doctor" else 2), answer.stderr
    assert "IDENTITY_WORKER_SPEED: above 1 only with a sandbox: unset it" in told
