"""The shape of the function libraries: which module stands on which, what a file says, what a name means."""

import re
from pathlib import Path

import redis
from project.every import every
from project.lua_code import (
    BROUGHT,
    COMMANDS,
    ENTRY,
    LIBRARIES,
    MODULES,
    arrows,
    chains,
    code,
    declared,
    defined,
    names,
    uses,
)
from project.rooms import ROOT

from actors.broker import library as broker
from config.settings import Settings
from worker.ledger import library as ledger
from worker.store.functions import Functions
from worker.store.libraries import Library

LIBRARY: dict[Path, Library] = {
    ledger.FOLDER: ledger.ledger_library(Settings(redis_url=None, api_token=None)),
    broker.FOLDER: broker.broker_library(),
}
#: What every file finds beside the shared tables: the state of one call, the arguments of a command.
AROUND = {"LIBRARY", "call", "register", "A"}
#: Lines; a module of 200 begins to owe an explanation.
LONGEST = 250
MOST_MODULES = 15
BOTH = list(LIBRARIES)


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


def folder_of(path: Path) -> Path:
    """The folder of the library that a module or a command belongs to."""
    return next((folder for folder in LIBRARIES if path.is_relative_to(folder)), path.parent)


@every(BOTH)
def test_each_module_stands_in_the_order_of_its_library(folder: Path) -> None:
    stems = [path.stem for path in MODULES if folder_of(path) == folder]
    assert sorted(stems) == sorted(LIBRARIES[folder])


@every(sorted({path.parent for path in [*COMMANDS, *MODULES]}))
def test_a_folder_of_lua_is_seen_at_a_glance(folder: Path) -> None:
    assert len(list(folder.glob("*.lua"))) <= MOST_MODULES


@every(MODULES)
def test_a_module_reaches_only_what_stands_before_it(path: Path) -> None:
    order = LIBRARIES[folder_of(path)]
    below = order[: order.index(path.stem)]
    found = [
        each for each in chains(arrows(folder_of(path)), path.stem) if each.split(" -> ")[-1] not in below
    ]
    assert not found, "\n".join(found)


@every(COMMANDS)
def test_commands_use_modules_and_not_each_other(path: Path) -> None:
    folder = folder_of(path)
    others = {each.stem for each in COMMANDS if folder_of(each) == folder}
    called = {each.name for each in names(path) if each.name in others - set(LIBRARIES[folder])}
    assert called <= declared(path)
    assert uses(path, LIBRARIES[folder])


@every(MODULES)
def test_a_module_is_one_table(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("-- "), "it begins with what it holds"
    assert f"\nlocal {path.stem} = {{}}\n" in text
    assert text.endswith(f"\nreturn {path.stem}\n")
    assert {each.name for each in names(path) if each.is_set and each.member} <= {
        path.stem,
        "call",
        *declared(path),
    }


@every([*COMMANDS, *MODULES])
def test_nothing_is_declared_before_it_is_defined(path: Path) -> None:
    assert re.findall(r"^local [\w, ]+$", code(path), re.MULTILINE) == []


@every([*COMMANDS, *MODULES, ENTRY])
def test_every_name_is_local_or_brought_along(path: Path) -> None:
    """A name that nobody has given a value would be nil, and only when that line is run."""
    folder = folder_of(path)
    shared = set(
        re.findall(r"^local (\w+) = ", LIBRARY.get(folder, LIBRARY[ledger.FOLDER]).code, re.MULTILINE)
    )
    known = declared(path) | BROUGHT | AROUND | shared
    assert {each.name for each in names(path) if not each.is_key} - known == set()


@every(BOTH)
def test_what_modules_hold_is_what_others_use(folder: Path) -> None:
    order, files = LIBRARIES[folder], [path for path in [*COMMANDS, *MODULES] if folder_of(path) == folder]
    held = {(path.stem, member) for path in files if path.stem in order for member in defined(path)}
    mentioned = [each for path in files for each in names(path) if each.member and each.name in order]
    assert {(each.name, each.member) for each in mentioned} - held == set(), "used, but nowhere defined"
    assert held - {(each.name, each.member) for each in mentioned if not each.is_set} == set(), "never used"


@every(COMMANDS)
def test_a_command_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    header = text.split("\n\n")[0].split("\nlocal")[0]
    assert header.startswith(f"-- {path.stem}: "), "its name and its purpose come first"
    assert "\n--\n-- " in header, "then, after an empty line, its arguments"
    assert re.search(r"^-- Returns? ", header, re.MULTILINE)
    assert re.search(r"^-- (Atomic[,:]|One call,)", header, re.MULTILINE), "why it must be one call"


@every(COMMANDS)
def test_a_command_names_each_argument_that_it_reads(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    header = "\n".join(line for line in text.splitlines() if line.startswith("--"))
    for argument in set(re.findall(r"\bA\.(\w+)", text)):
        assert re.search(rf"\b{argument}\b", header), f"{argument} is not in the header of {path.name}"


@every([*COMMANDS, *MODULES])
def test_no_lua_file_grows_past_reason(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_the_server_loads_each_library(client: "redis.Redis") -> None:
    for library in (ledger.ledger_library(Settings()), broker.broker_library()):
        client.execute_command("FUNCTION FLUSH")
        Functions(client, library).load()
        functions = {row[1] for row in client.function_list()[0][5]}
        assert len(functions) > 5
        assert all(function.startswith(f"{library.name}_") for function in functions)
