"""The rooms as their imports draw them: who reaches whom, by which chain, and how high they are piled."""

import ast
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from project.reading.trees import nodes

ROOT = Path(__file__).parents[2]
HOUSE = ("config", "worker", "actors", "web", "cli", "sandbox", "identity_worker")
#: A module that is a room of its own: what other projects' tests, and the sandbox, hold of a running sandbox.
HANDLE = "identity_worker.handle"
#: Rooms of its own house that a room's docstring names one by one.
MOST_NAMES = 3

Graph = Mapping[str, Collection[str]]


class Figures(NamedTuple):
    """How large a house is."""

    modules_of_largest_room: int
    floors_of_rooms: int
    """Rooms in the longest chain of rooms that import each other."""
    floors_in_a_room: int
    """Modules in the longest chain of modules of one room."""


@cache
def modules(root: Path = ROOT) -> dict[str, Path]:
    """Return the file of each module; a room's `__init__` has the room's own name."""
    files = (path for top in HOUSE for path in (root / top).rglob("*.py"))
    return {_name(path.relative_to(root)): path for path in sorted(files)}


def _name(path: Path) -> str:
    return ".".join(path.parent.parts if path.name == "__init__.py" else path.with_suffix("").parts)


@cache
def imports(root: Path = ROOT) -> dict[str, set[str]]:
    """Return what each module imports, wherever in it: modules of ours, and other packages by their names."""
    known = modules(root)
    return {module: set(_imports(path, known)) - {module} for module, path in known.items()}


def _imports(path: Path, known: Collection[str]) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (_imported(alias.name, known) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute, so that the rooms can be read in them"
            yield from (_imported(f"{node.module}.{alias.name}", known) for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            yield from _named(node.value, known)


def _imported(name: str, known: Collection[str]) -> str:
    """Return the module that holds a name: itself, or the one it is taken from; of others the package."""
    around = name.rpartition(".")[0]
    return next((each for each in (name, around) if each in known), name.partition(".")[0])


def _named(text: str, known: Collection[str]) -> Iterator[str]:
    """Yield what a text may have imported: the module that it names, all of a room where it ends in a dot."""
    if text in known:
        yield text
    elif text.endswith(".") and text[:-1] in known:
        yield from (module for module in known if module.startswith(text))


def room(module: str, root: Path = ROOT) -> str:
    """Return the room of a module: its folder."""
    if module == HANDLE:
        return HANDLE
    return ".".join(modules(root)[module].relative_to(root).parent.parts)


@cache
def arrows(root: Path = ROOT) -> dict[str, set[str]]:
    """Return for each room the rooms that a module of it imports something of."""
    found: dict[str, set[str]] = {room(module, root): set() for module in modules(root)}
    for module, imported in imports(root).items():
        found[room(module, root)] |= {room(each, root) for each in imported if each in modules(root)}
    return {room: others - {room} for room, others in found.items()}


def neighbours(place: str) -> str:
    """Return the sentences in which a room's docstring says who imports it and what it imports."""
    # A folder of rooms only, without a module, says it of all of them.
    rooms = {place} if len(inside(place)) > 1 else {room for room in arrows() if _is_in(room, place)}
    importing = {room for room, others in arrows().items() if others & rooms} - rooms
    imported = {room for each in rooms for room in arrows()[each]} - rooms
    above, below = _names(importing, place, "above it"), _names(imported, place, "below it")
    return f"Imported by: {above}. Imports: {below}."


def _names(rooms: Iterable[str], place: str, where: str) -> str:
    """Name rooms of the own house by their short names, unless they are many, and of others the house."""
    house = _house(place)
    own = sorted(room.removeprefix(f"{house}.") for room in rooms if _house(room) == house)
    others = sorted({_house(room) for room in rooms} - {house})
    return ", ".join([*(own if len(own) <= MOST_NAMES else [f"{house} {where}"]), *others]) or "nobody"


def _house(room: str) -> str:
    return room.partition(".")[0]


def _is_in(room: str, place: str) -> bool:
    return f"{room}.".startswith(f"{place}.")


def inside(of: str, root: Path = ROOT) -> dict[str, set[str]]:
    """Return what the modules of one room import of each other."""
    own = {module for module in modules(root) if room(module, root) == of}
    return {module: imports(root)[module] & own for module in own}


def chain(start: str, ends: Collection[str], without: Collection[str] = ()) -> str:
    """Return the shortest chain of imports to one of these modules or packages, as `a -> b -> c`; "" if none.

    It leads through none of those that it is to be `without`.
    """
    before: dict[str, str | None] = {start: None}
    left = [start]
    for module in left:
        if module in ends and module != start:
            return " -> ".join(reversed([module, *_back(before, module)]))
        new = sorted(each for each in imports().get(module, ()) if each not in {*before, *without})
        before |= dict.fromkeys(new, module)
        left += new
    return ""


def _back(before: Mapping[str, str | None], module: str) -> Iterator[str]:
    while (earlier := before[module]) is not None:
        yield earlier
        module = earlier


def floors(graph: Graph, top: str | None = None) -> int:
    """Return how many nodes the longest chain has, or the longest from one of them.

    Raises graphlib.CycleError, which names the circle.
    """
    height: dict[str, int] = defaultdict(int)
    for node in TopologicalSorter(graph).static_order():
        height[node] = 1 + max((height[below] for below in graph.get(node, ())), default=0)
    return max(height.values(), default=0) if top is None else height[top]


def figures(root: Path = ROOT, top: str = "") -> Figures:
    """Return the figures of a tree, or of the rooms in it whose names begin so."""
    rooms = {room: others for room, others in arrows(root).items() if room.startswith(top)}
    insides = [inside(room, root) for room in rooms]
    return Figures(
        modules_of_largest_room=max(map(len, insides)),
        floors_of_rooms=floors({room: others & rooms.keys() for room, others in rooms.items()}),
        floors_in_a_room=max(map(floors, insides)),
    )
