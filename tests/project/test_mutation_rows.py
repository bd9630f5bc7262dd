"""The mutations of `make mutants` are of the code as it stands: seldom run, they would age unseen."""

import ast
import tomllib
from pathlib import Path

from mutants import MUTANTS, ROOT
from mutation.mutant import Mutant
from project.every import every

MUTMUT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
#: Fixtures that start a server: mutmut runs its tests in forks of one process, which would share it.
SERVED = {"api", "client", "flow", "functions", "heard", "ledger", "pool", "redis_url", "server", "settings"}


@every(sorted({mutant.file for mutant in MUTANTS}))
def test_each_mutation_of_a_file_changes_one_place_of_it(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    found = {mutant.what: text.count(mutant.before) for mutant in MUTANTS if mutant.file == file}
    assert {what: times for what, times in found.items() if times != 1} == {}


def test_each_mutation_changes_something_and_names_tests_that_there_are() -> None:
    def is_sound(mutant: Mutant) -> bool:
        paths = [Path(ROOT, test.partition("::")[0]) for test in mutant.tests if test.startswith("tests/")]
        return mutant.before != mutant.after and bool(paths) and all(path.exists() for path in paths)

    assert [mutant.what for mutant in MUTANTS if not is_sound(mutant)] == []


@every(MUTMUT["pytest_add_cli_args_test_selection"])
def test_what_mutmut_runs_needs_no_server(file: str) -> None:
    tests = [
        each
        for each in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
        if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
    ]
    assert tests
    assert {each.name for each in tests if SERVED & {arg.arg for arg in each.args.args}} == set()


def test_what_mutmut_mutates_is_there() -> None:
    assert [pattern for pattern in MUTMUT["only_mutate"] if not list(ROOT.glob(pattern))] == []
