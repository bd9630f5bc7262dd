"""A folder and a bucket hold the same files, whole or not at all, and say why they can't."""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import gettempdir

import pytest
from full_disk import files_of
from scripted_server import Cut, answer, serving

from worker.places.aside import written_aside
from worker.places.scratch import ScratchError, scratch
from worker.places.target import Target, TargetError
from worker.places.targets import open_target


@pytest.fixture(params=["folder", "bucket", "google_bucket", "azure_bucket"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    if request.param == "folder":
        yield open_target(str(tmp_path / "out"))
    else:
        yield open_target(request.getfixturevalue(request.param) + "/a b/c")


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


def test_a_full_disk_here_is_not_told_as_the_place_s_fault(target: Target) -> None:
    target.write("b/large", b"x" * 300_000)
    target.write("b/empty", b"")
    with scratch() as file:
        assert target.copy("b/empty", file)
    with files_of(100_000), pytest.raises(ScratchError) as caught, scratch() as file:
        target.copy("b/large", file)
    assert str(caught.value) == f"{gettempdir()}: File too large; make room, or set TMPDIR"


@pytest.mark.parametrize("kind", ["bucket", "google_bucket", "azure_bucket"])
def test_a_bucket_that_is_not_there_is_named(request: pytest.FixtureRequest, kind: str) -> None:
    missing = request.getfixturevalue(kind).replace("pictures", "missing")
    with pytest.raises(TargetError, match=f"{missing}: there is no such bucket"):
        open_target(f"{missing}/x").write("a", b"1")


def test_a_key_that_azure_does_not_know_is_named(azure_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "d3Jvbmc=")
    with pytest.raises(TargetError, match=r"it refuses to write \(403 AuthorizationFailure\): the key must"):
        open_target(azure_bucket).write("a", b"1")


REFUSED = b"<Error><Code>AccessDenied</Code><Message>the key AKIASECRET may not</Message></Error>"


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (403, REFUSED, "it refuses to write (403 AccessDenied): the key must be right (AWS_ACCESS_KEY_ID"),
        (400, b"<Error><Code>ExpiredToken</Code></Error>", "it refuses to write (400 ExpiredToken): the key"),
        (404, b"<Error><Code>NoSuchBucket</Code></Error>", "there is no such bucket: make it"),
        (301, b"<Error><Code>PermanentRedirect</Code></Error>", "it lies in another region: set AWS_REGION"),
    ],
)
def test_what_a_bucket_refuses_is_told_in_a_line_without_its_words(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, told: str
) -> None:
    with serving(Cut(answer(status, body, {"Connection": "close"}))) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASECRET")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        with pytest.raises(TargetError) as caught:
            open_target("s3://pictures/x").write("a", b"1")
    assert str(caught.value).startswith(f"s3://pictures: {told}")
    assert "AKIASECRET" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["nonsense", "http://minio.example:9000", "ftp://127.0.0.1"])
def test_an_endpoint_that_can_not_be_asked_safely_is_named(
    monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(TargetError, match="AWS_ENDPOINT_URL must be an https URL"):
        open_target("s3://pictures")


def test_what_a_killed_process_was_writing_is_removed(tmp_path: Path) -> None:
    target = open_target(str(tmp_path))
    (tmp_path / ".writing-0").write_bytes(b"half")
    with written_aside(tmp_path / "a.jpg") as first, written_aside(tmp_path / "a.jpg") as second:
        first.write(b"first")
        second.write(b"second")
        assert [*target.files("")] == []
        assert len([*tmp_path.iterdir()]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]
    assert target.read("a.jpg") == b"first"  # its block ended last


def test_a_place_of_an_unknown_kind_is_refused() -> None:
    for place in ("ftp://host/x", "", "s3://key@bucket", "s3:///x", "s3://[/x", "a\0b"):
        with pytest.raises(TargetError):
            open_target(place)


def test_of_a_file_that_does_not_fit_nothing_is_left(tmp_path: Path) -> None:
    """The limit of a file's size stands for a full disk: the write ends with an error in the middle."""
    target = open_target(str(tmp_path))
    target.write("a.jpg", b"whole")
    with files_of(1_000), pytest.raises(TargetError, match="File too large"):
        target.write("a.jpg", b"x" * 10_000)
    assert os.listdir(tmp_path) == ["a.jpg"]  # noqa: PTH208
    assert (tmp_path / "a.jpg").read_bytes() == b"whole"
