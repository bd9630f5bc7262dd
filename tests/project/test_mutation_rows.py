"""The mutations of `make mutants` are of the code as it stands: seldom run, they would age unseen."""

from pathlib import Path

from mutants import MUTANTS, ROOT
from mutation.mutant import Mutant
from project.every import every


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
