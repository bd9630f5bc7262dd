"""What the identities of a photo without a name are called."""

import pytest

from worker.briefs.names import MAX_NAME
from worker.briefs.naming import clean, job_name


@pytest.mark.parametrize(
    ("photo", "name"),
    [
        ("folder/Ada Lovelace.jpeg", "Ada Lovelace"),
        ("https://a.example/x/%C3%A9t%C3%A9.png?token=secret#part", "été"),
        ("https://a.example/a%0Ab%00c.png", "a b c"),
        ("https://a.example/", None),
        ("https://a.example/faces/", None),
        ("a%20b.png", "a%20b"),
        ("模特.v2.png", "模特.v2"),
        ("x" * 500 + ".jpg", "x" * MAX_NAME),
    ],
)
def test_a_photos_name_is_its_file_name_alone(photo: str, name: str | None) -> None:
    assert job_name(None, photo) == name


@pytest.mark.parametrize(
    ("suggested", "photo", "name"),
    [("Ada", "bo.jpg", "Ada"), (" \n", "bo.jpg", "bo"), (None, None, None), ("", None, None)],
)
def test_what_the_api_suggests_comes_before_the_photos_name(
    suggested: str | None, photo: str | None, name: str | None
) -> None:
    assert job_name(suggested, photo) == name


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Ada", "Ada"),
        ("  Ada \t\n Lovelace ", "Ada Lovelace"),
        ("a\u202eb\u2028c", "a b c"),
        ("\x00\u200b", None),
        ("x" * (MAX_NAME - 1) + " y", "x" * (MAX_NAME - 1)),
    ],
)
def test_a_name_is_one_line_of_what_can_be_seen(name: str, cleaned: str | None) -> None:
    assert clean(name) == cleaned
