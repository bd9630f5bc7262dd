"""A folder and a bucket hold the same files, whole or not at all, and say why they can't."""

import os
import resource
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from worker.places.target import Target, TargetError
from worker.places.targets import open_target


@pytest.fixture(params=["folder", "bucket"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    if request.param == "folder":
        yield open_target(str(tmp_path / "out"))
    else:
        yield open_target(request.getfixturevalue("bucket") + "/a b/c")


def test_a_file_is_there_as_it_was_written_and_is_replaced(target: Target) -> None:
    assert [*target.files("b")] == target.folders() == []
    target.write("b/ü~2.jpg", b"first")
    target.write("b/ü~2.jpg", b"second")
    target.write("b/c/large", BytesIO(b"x" * 100))
    assert sorted(target.files("b")) == [("b/c/large", 100), ("b/ü~2.jpg", 6)]
    assert target.read("b/ü~2.jpg") == b"second"
    assert target.read("b/none") is None
    assert target.copy("b/c/large", copy := BytesIO())
    assert copy.getvalue() == b"x" * 100
    assert not target.copy("b/none", copy)
    assert target.folders() == ["b"]


def test_a_bucket_that_is_not_there_is_named(bucket: str) -> None:
    with pytest.raises(TargetError, match="s3://missing: there is no such bucket"):
        open_target("s3://missing/x").write("a", b"1")


def test_a_place_of_an_unknown_kind_is_refused() -> None:
    for place in ("ftp://host/x", "", "s3://key@bucket"):
        with pytest.raises(TargetError):
            open_target(place)


def test_of_a_file_that_does_not_fit_nothing_is_left(tmp_path: Path) -> None:
    """The limit of a file's size stands for a full disk: the write ends with an error in the middle."""
    target = open_target(str(tmp_path))
    target.write("a.jpg", b"whole")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(TargetError, match="File too large"):
            target.write("a.jpg", b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == ["a.jpg"]  # noqa: PTH208
    assert (tmp_path / "a.jpg").read_bytes() == b"whole"
