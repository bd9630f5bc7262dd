"""What the documentation has people type and look for is there: commands, targets, variables, files."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer
from project.every import every

from cli.main import COMMANDS, app
from config.settings import schema

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    ROOT / "examples" / "bulk" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
_FENCE = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
#: Before a command: variables that are set for it, and where its script lies.
_BEFORE = re.compile(r"^(?:\w+=\S+ )*(?:[\w./]*/)?(?=identity-worker )")
#: How a span shows what may be left out, repeated or chosen: `[--json]`, `DRAFT...`, `set URL|test`.
_NOTATION = re.compile(r"[\[\]]|\.\.\.|\\?\|\S+")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_BENCHMARK = re.compile(r"^python -m benchmarks\.([\w.]+)")
#: Options of Dramatiq, of pip, of the program of examples/bulk.
OTHERS = {"--worker-shutdown-timeout", "--require-hashes", "--mend"} | {
    "--build",
    "--profile",
    "--no-deps",
    "--now",
}
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
FOLDERS |= {"deploy", "docs", "examples", "tests"}


def typed(page: Path) -> Iterator[str]:
    """Yield the lines of a page's blocks of code, and its spans of code."""
    text = page.read_text(encoding="utf-8")
    for block in _FENCE.findall(text):
        yield from (line.partition("  #")[0].strip() for line in block.splitlines())
    yield from _SPAN.findall(_FENCE.sub("", text))


TYPED = {page: list(typed(page)) for page in PAGES}


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each command behind `identity-worker`, with a number for what a page calls BRIEF."""
    for each in TYPED[page]:
        line = _BEFORE.sub("", each)
        words = shlex.split(_NOTATION.sub(" ", line)) if line.startswith("identity-worker ") else []
        if words[1:] and words[1] not in {"COMMAND", "--help", "--version"}:
            yield [words[1], *("1" if word.isupper() else word for word in words[2:])]


@every(PAGES)
def test_each_command_can_be_typed(page: Path) -> None:
    group = typer.main.get_command(app)
    for name, *arguments in commands(page):
        assert name in COMMANDS, f"identity-worker {name}"
        with group.make_context("identity-worker", [name]) as context:
            command = group.get_command(context, name)
            try:
                # Without arguments it is only named.
                command.make_context(name, arguments, parent=context, resilient_parsing=not arguments)
            except typer.Exit:
                assert "--help" in arguments
            except Exception as error:
                pytest.fail(f"identity-worker {name} {' '.join(arguments)}: {error}")


@every(PAGES)
def test_each_option_is_one_of_a_command(page: Path) -> None:
    typed = [each for each in TYPED[page] if not _BENCHMARK.match(each)]
    assert {option for each in typed for option in _OPTION.findall(each)} - options() - OTHERS == set()


@every(PAGES)
def test_each_option_of_a_benchmark_is_read_by_it(page: Path) -> None:
    for each in TYPED[page]:
        for module in _BENCHMARK.findall(each):
            source = ROOT.joinpath("benchmarks", *module.split(".")).with_suffix(".py").read_text()
            assert [name for name in _OPTION.findall(each) if f'"{name}"' not in source] == [], each


@cache
def options() -> set[str]:
    """The options of all commands."""
    group = typer.main.get_command(app)
    with group.make_context("identity-worker", ["doctor"]) as context:
        all_ = [group, *(group.get_command(context, name) for name in COMMANDS)]
    shown = {
        option for command in all_ for each in command.params for option in (*each.opts, *each.secondary_opts)
    }
    return {*shown, "--help"}


@every(PAGES)
def test_each_make_target_is_there(page: Path) -> None:
    named = {target for each in TYPED[page] for target in re.findall(r"^make ([a-z][\w-]*)", each)}
    assert named - set(re.findall(r"^([\w-]+):(?!=)", MAKEFILE, re.MULTILINE)) == set()


@every(PAGES)
def test_each_variable_is_read_by_somebody(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:IDENTITY_WORKER|PIKTID|REDIS|ACCOUNTS|DRAMATIQ)_[A-Z_]*[A-Z]\b", text))
    read = set(schema()["properties"]) | set(re.findall(r"IDENTITY_WORKER_TEST_[A-Z_]+", _tests()))
    assert named - read == set()


@cache
def _tests() -> str:
    files = (ROOT / "tests").rglob("*.py")
    return "\n".join([MAKEFILE, *(path.read_text(encoding="utf-8") for path in files)])


@every(PAGES)
def test_each_file_is_there(page: Path) -> None:
    """Paths of the tree are meant, where a span begins with one of its folders."""
    words = {word.rstrip(".,:") for each in TYPED[page] for word in each.split()}
    named = {word for word in words if re.fullmatch(r"[\w.-]+(?:/[\w.*-]+)+/?", word)}
    ours = {word for word in named if word.partition("/")[0] in FOLDERS and "_rooms" not in word}
    assert [word for word in sorted(ours) if not list(ROOT.glob(word.rstrip("/")))] == []


@every(PAGES)
def test_each_module_that_is_run_is_there(page: Path) -> None:
    named = {module for each in TYPED[page] for module in re.findall(r"python3? -m ([\w.]+)", each)}
    places = (ROOT / module.replace(".", "/") for module in named if module.partition(".")[0] in FOLDERS)
    missing = [place for place in places if not (place.is_dir() or place.with_suffix(".py").exists())]
    assert missing == []
