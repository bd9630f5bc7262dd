"""The shape of the code: who may import whom, what a script's file says, how long a module may grow."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config import keys
from config.settings import Settings
from worker.ledger.scripts import prelude, source

ROOT = Path(__file__).parents[2]
ROOMS = ("config", "worker", "actors", "web", "cli")
FOLDER = ROOT / "worker" / "ledger" / "lua"
COMMANDS = sorted(path.stem for path in FOLDER.glob("*.lua"))
LIBRARY = sorted((FOLDER / "lib").glob("*.lua"))
MODULES = sorted(path for room in (*ROOMS, "sandbox") for path in (ROOT / room).rglob("*.py"))
#: Lines; a module of 200 begins to owe an explanation.
LONGEST = 250


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, also inside its functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                f"{name(path)}: imports are absolute, so that the rooms can be read in them"
            )
            yield node.module or ""


def importers(package: str) -> set[str]:
    """The files outside tests and benchmarks that import a package."""
    return {name(path) for path in MODULES if any(top(module) == package for module in imports(path))}


def top(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_arrows_run_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    allowed = set(ROOMS[: ROOMS.index(room) + 1]) if room in ROOMS else {room}
    others = {*ROOMS, "sandbox", "tests", "benchmarks", "docs", "identity_worker"} - allowed
    if name(path) == "cli/commands/run/sandbox.py":
        others -= {"sandbox"}
    # What a test holds of a running sandbox: only HTTP, and all that other projects' tests may see of it.
    used = {module for module in imports(path) if (room, module) != ("sandbox", "identity_worker.handle")}
    assert not others & {top(module) for module in used}


def test_only_its_command_starts_the_sandbox() -> None:
    outside = {path for path in importers("sandbox") if not path.startswith("sandbox/")}
    assert outside <= {"cli/commands/run/sandbox.py"}


def test_the_work_knows_nothing_of_dramatiq() -> None:
    assert not [path for path in importers("dramatiq") if path.startswith("worker/")]


def test_only_the_api_client_and_the_event_stream_know_the_http_client() -> None:
    client = {f"worker/piktid/{part}.py" for part in ("client", "transport", "pictures", "uploads")}
    client |= {"worker/network/pool.py"}
    # Its URLs only: it opens its connections itself.
    client |= {"worker/files/fetching.py"}
    stream = {"worker/piktid/notifications.py"}
    stream |= {f"actors/listener/{part}.py" for part in ("listener", "following", "cleaner")}
    assert {path for path in importers("httpx") if path.startswith(("worker/", "actors/"))} == client | stream


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_grows_past_reason(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_the_wheel_holds_every_file_under_one_top_level_name() -> None:
    """What is only in the tree works for us and for nobody who installs it."""
    how = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {package: _folder(package, how["package-dir"]) for package in how["packages"]}
    data = {
        path
        for package, patterns in how["package-data"].items()
        for pattern in patterns
        for path in folders[package].glob(pattern)
    }
    rooms = (ROOT / room for room in (*ROOMS, "sandbox", "identity_worker", "examples/briefs"))
    files = {path for room in rooms for path in room.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert {top(package) for package in folders} == {"identity_worker"}
    left_out = [
        name(path)
        for path in files
        if path not in data and not (path.suffix == ".py" and path.parent in folders.values())
    ]
    assert left_out == [], "name each folder in [tool.setuptools] packages of pyproject.toml"


def _folder(package: str, named: dict[str, str]) -> Path:
    """The folder of a package: as pyproject.toml says, else inside that of the package around it."""
    around, _, last = package.rpartition(".")
    return ROOT / named[package] if package in named else _folder(around, named) / last


@pytest.mark.parametrize("command", COMMANDS)
def test_a_script_says_what_it_is_for(command: str) -> None:
    text = (FOLDER / f"{command}.lua").read_text(encoding="utf-8")
    header = text.split("\n\n")[0].split("\nlocal")[0]
    assert header.startswith(f"-- {command}: "), "its name and its purpose come first"
    assert "\n--\n-- " in header, "then, after an empty line, its arguments"
    assert re.search(r"^-- Returns? ", header, re.MULTILINE)
    assert re.search(r"^-- Atomic[,:]", header, re.MULTILINE), "why it must be one call"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_script_names_each_argument_that_it_reads(command: str) -> None:
    text = (FOLDER / f"{command}.lua").read_text(encoding="utf-8")
    header = "\n".join(line for line in text.splitlines() if line.startswith("--"))
    for argument in set(re.findall(r"\bA\.(\w+)", text)):
        assert re.search(rf"\b{argument}\b", header), f"{argument} is not in the header of {command}.lua"


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name)
def test_a_part_of_the_library_begins_with_what_it_holds(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("-- ")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_server_compiles_every_script(client: "redis.Redis", command: str) -> None:
    assert client.script_load(source(command, prelude(Settings())))


@pytest.mark.parametrize("key", sorted(keys.ALL))
def test_every_key_on_the_page_is_used(key: str) -> None:
    lua = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.lua"))
    python = "\n".join(path.read_text(encoding="utf-8") for path in MODULES if path.name != "keys.py")
    in_lua = re.search(rf"key\('{key}'|KEY\.{key}\b", lua)
    # Dramatiq itself writes these; the page has them because the server does.
    by_dramatiq = keys.ALL[key].owner == "dramatiq"
    assert in_lua or re.search(rf"keys\.{key}\b", python) or by_dramatiq


def test_no_key_is_built_elsewhere() -> None:
    pattern = re.compile(r"""["']identity:(?!\.)[a-z]+""")
    for path in [*MODULES, *FOLDER.rglob("*.lua")]:
        if path.name != "keys.py":
            # Prose names keys too, in back quotes; a key that is used stands in plain ones.
            assert not pattern.search(path.read_text(encoding="utf-8")), name(path)


def test_keys_of_different_families_are_never_the_same() -> None:
    names = [family.template for family in keys.ALL.values()]
    assert len(set(names)) == len(names)
