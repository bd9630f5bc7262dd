"""A name is imported from the module that defines it: there is one door to each."""

import pytest
from project.reading.doors import ROOMS, ROOT, other_doors


@pytest.mark.parametrize("room", [*ROOMS, "tests"])
def test_each_name_is_imported_from_where_it_is_defined(room: str) -> None:
    doors = {str(path.relative_to(ROOT)): list(other_doors(path)) for path in (ROOT / room).rglob("*.py")}
    assert {path: names for path, names in doors.items() if names} == {}
