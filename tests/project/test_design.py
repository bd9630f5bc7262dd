"""The shape of the code: which room stands on which floor, whom it may reach, how large a room may grow."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from project import lua_code
from project.every import every
from project.rooms import (
    HANDLE,
    HOUSE,
    ROOT,
    chain,
    floors,
    imports,
    inside,
    modules,
    neighbours,
    room,
)

from config import keys
from config.limits import Endpoint

#: From the top to the ground: a module imports of its own room and of lower floors, directly or by any chain.
FLOORS = (
    ("identity_worker",),
    ("cli",),
    (
        "cli.commands",
        *(f"cli.commands.{room}" for room in ("briefs", "bulk", "http", "installation", "run")),
    ),
    ("cli.demo", "cli.doing"),
    ("cli.render",),
    ("cli.sending",),
    ("cli.reading.tables",),
    ("cli.reading",),
    ("cli.shared",),
    ("web", "actors.deliverer"),
    ("actors.listener",),
    ("web.page",),
    ("web.page.views",),
    ("web.page.figures", "web.page.visiting"),
    ("actors", "web.metrics", "web.v1"),
    ("actors.broker", "actors.process", "web.description"),
    ("worker.archive", "worker.callers", "worker.hooks", "worker.metrics", "worker.orders", "worker.replay"),
    ("worker.export", "worker.forecast", "worker.operations"),
    ("worker.selection",),
    ("worker.views",),
    ("worker.lifecycle",),
    ("worker.choosing", "worker.unresolved", "worker.files", "worker.marking", "worker.shards"),
    ("worker.ledger", "worker.piktid", "worker.traces"),
    ("worker.briefs", "worker.network", "worker.places", "worker.store", "worker"),
    ("worker.network.http1", "worker.store.servers", "worker.tally"),
    ("config.accounts",),
    ("config",),
    ("config.servers", "config.recorded", "config.declared", "config.logged"),
)
#: The sandbox is a house of its own.
SANDBOX = (
    ("sandbox",),
    ("sandbox.control", "sandbox.extras"),
    ("sandbox.contract",),
    ("sandbox.jobs", "sandbox.pictures", "sandbox.serving"),
    ("sandbox.account",),
    ("sandbox.common",),
    (HANDLE,),
)
#: The one door between the houses: the command that starts a sandbox.
DOOR = "cli.commands.run.sandbox"
#: Reads a URL as the client will, and calls nobody.
READS_URLS = "config.urls"
#: The modules that call by HTTP, or read an answer or an event of it.
CALLS = {
    *("worker.network.bodies", "worker.network.pool", "worker.network.streaming"),
    *("worker.hooks.addresses", "worker.files.fetching", "worker.piktid.notifications"),
    *(f"worker.piktid.{module}" for module in ("transport", "uploads")),
    *(f"actors.listener.{module}" for module in ("cleaner", "following")),
}
#: The table of endpoints, and the records' fields, of which some are written by the step of that name.
SPELLS_ENDPOINTS = ("config.limits", "config.records")
MOST_MODULES = 15
#: Lines; a module of 200 begins to owe an explanation.
LONGEST = 250
ROOMS = sorted({room(module) for module in modules()})


def below(place: str) -> set[str]:
    """The rooms that a room may reach."""
    (pile,) = [pile for pile in (FLOORS, SANDBOX) if any(place in floor for floor in pile)]
    (number,) = [number for number, floor in enumerate(pile) if place in floor]
    lower = {each for floor in pile[number + 1 :] for each in floor}
    # From the door and what lies above it, chains lead into the other house.
    return lower | {each for floor in SANDBOX for each in floor} if room(DOOR) in {place, *lower} else lower


def turned(place: str, lower: set[str]) -> Iterator[str]:
    """The chains by which a room reaches what is not below it."""
    beyond = {each for each in modules() if room(each) not in lower | {place}}
    for module in (each for each in modules() if room(each) == place):
        if found := chain(module, beyond):
            yield found


def test_every_room_has_its_floor() -> None:
    standing = [place for pile in (FLOORS, SANDBOX) for floor in pile for place in floor]
    assert sorted(standing) == ROOMS


@every(ROOMS)
def test_a_room_reaches_only_what_lies_below_it(place: str) -> None:
    found = list(turned(place, below(place)))
    assert not found, "\n".join(found)


@every(ROOMS)
def test_the_modules_of_a_room_import_each_other_in_no_circle(place: str) -> None:
    assert floors(inside(place)) > 0


def test_only_its_command_starts_the_sandbox() -> None:
    ours = (module for module in modules() if not module.startswith("sandbox"))
    assert {module for module in ours if any(each.startswith("sandbox") for each in imports()[module])} == {
        DOOR
    }


@every([each for each in modules() if each.startswith(("worker", "config"))])
def test_the_work_reaches_no_dramatiq_by_any_chain(module: str) -> None:
    assert chain(module, {"dramatiq"}) == ""


def test_only_what_calls_the_api_imports_the_http_client() -> None:
    working = (module for module in modules() if module.startswith(("config", "worker", "actors")))
    assert {module for module in working if "httpx" in imports()[module]} == {*CALLS, READS_URLS}


@every(["config", "worker.briefs", "worker.store", "worker.ledger"])
def test_what_is_decided_reaches_no_http_client_by_any_chain(place: str) -> None:
    own = [module for module in modules() if room(module) == place and module != READS_URLS]
    assert [found for module in own if (found := chain(module, {"httpx", "httpcore"}, {READS_URLS}))] == []


@every([module for module in modules() if room(module) == "cli.render"])
def test_what_draws_reads_nothing(module: str) -> None:
    """It is given values: what it prints can be tested without a Redis, and costs no more than it shows."""
    ledger = {"worker.ledger.ledger", "worker.ledger.commands", "worker.ledger.accounts"}
    assert not {each for each in imports()[module] if each.startswith(("redis", "worker.store"))}
    assert not imports()[module] & ledger
    nodes = ast.walk(ast.parse(modules()[module].read_text(encoding="utf-8")))
    assert "client" not in {node.arg for node in nodes if isinstance(node, ast.arg)}


@every(ROOMS)
def test_a_room_is_seen_at_a_glance(place: str) -> None:
    own = [path for module, path in modules().items() if room(module) == place]
    assert len(own) <= MOST_MODULES
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in own}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


@every([place for place in ROOMS if place != HANDLE])
def test_a_room_says_who_imports_it_and_what_it_imports(place: str) -> None:
    said = (ast.get_docstring(ast.parse(modules()[place].read_text(encoding="utf-8"))) or "").splitlines()
    assert len(said) == 3, "what it is for, an empty line, who imports it and what it imports"
    assert said[2] == neighbours(place)


def test_each_folder_of_the_tests_has_a_room_of_its_name() -> None:
    """Or it holds one subject of a room that has many tests."""
    tests = ROOT / "tests"
    folders = {path.parent.relative_to(tests) for house in HOUSE for path in (tests / house).rglob("*.py")}
    rooms = {folder for folder in folders if (ROOT / folder).is_dir()}
    assert [str(folder) for folder in folders - rooms if folder.parent not in rooms] == []


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
    files = {
        path
        for house in (*HOUSE, "examples/briefs")
        for path in (ROOT / house).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {package.partition(".")[0] for package in folders} == {"identity_worker"}
    left_out = [
        str(path.relative_to(ROOT))
        for path in files
        if path not in data and not (path.suffix == ".py" and path.parent in folders.values())
    ]
    assert left_out == [], "name each folder in [tool.setuptools] packages of pyproject.toml"


def _folder(package: str, named: dict[str, str]) -> Path:
    """The folder of a package: as pyproject.toml says, else inside that of the package around it."""
    around, _, last = package.rpartition(".")
    return ROOT / named[package] if package in named else _folder(around, named) / last


def test_endpoints_are_named_in_one_place() -> None:
    """What is ordered where stands in the kinds' rows; a word in the code would not follow them."""
    words = {str(endpoint) for endpoint in Endpoint}
    spelt = {
        f"{module}:{node.lineno}"
        for module, path in modules().items()
        if module.startswith(("config", "worker", "actors", "web", "cli")) and module not in SPELLS_ENDPOINTS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in words
    }
    in_lua = {
        path.name
        for path in [*lua_code.COMMANDS, *lua_code.MODULES]
        if re.search(rf"^[^-]*'({'|'.join(words)})'", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert spelt | in_lua == set()


@every(sorted(keys.ALL))
def test_every_key_on_the_page_is_used(key: str) -> None:
    lua = "\n".join(path.read_text(encoding="utf-8") for path in [*lua_code.COMMANDS, *lua_code.MODULES])
    python = "\n".join(
        path.read_text(encoding="utf-8") for path in modules().values() if path.name != "keys.py"
    )
    in_lua = re.search(rf"key\('{key}'|KEY\.{key}\b", lua)
    # Dramatiq itself writes these; the page has them because the server does.
    by_dramatiq = keys.ALL[key].owner == "dramatiq"
    assert in_lua or re.search(rf"keys\.{key}\b", python) or by_dramatiq


def test_no_key_is_built_elsewhere() -> None:
    pattern = re.compile(r"""["']identity:(?!\.)[a-z]+""")
    for path in [*modules().values(), *lua_code.COMMANDS, *lua_code.MODULES]:
        if path.name != "keys.py" and not path.match("config/recorded/orders.py"):  # which the page takes
            # Prose names keys too, in back quotes; a key that is used stands in plain ones.
            assert not pattern.search(path.read_text(encoding="utf-8")), str(path)


def test_keys_of_different_families_are_never_the_same() -> None:
    names = [family.template for family in keys.ALL.values()]
    assert len(set(names)) == len(names)
