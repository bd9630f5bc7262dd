"""`identity-worker describe` makes a brief of each photo, and pays for each photo once."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commandline import Command
from own_account import Api
from stepping import Flow

from cli.reading.photo_places import Photo
from cli.sending.descriptions import Found, described
from config import keys
from sandbox.pictures.draw import draw

EXTRACT = "POST /preset/extract-from-image"
NFC, NFD = (unicodedata.normalize(form, "Zo\u00eb") for form in ("NFC", "NFD"))  # type: ignore[arg-type]

Describe = Callable[..., tuple[int, list[dict[str, Any]]]]


def photo(seed: str) -> bytes:
    look = {"hair": {"color": "pink"}, "options": {"size": "1K", "ar": "1:1", "format": "jpg"}}
    return draw(look, seed, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photos of two people: one is there twice, and one's name is written as macOS does."""
    path = tmp_path / "references"
    (path / "deep").mkdir(parents=True)
    (path / "ada.jpg").write_bytes(photo("ada"))
    (path / "deep" / "again.jpg").write_bytes(photo("ada"))
    (path / f"{NFD}.jpg").write_bytes(photo("zoe"))
    (path / "notes.txt").write_text("no photo")
    (path / "itself.jpg").symlink_to("itself.jpg")
    return path


@pytest.fixture
def environment(environment: dict[str, str], folder: Path) -> dict[str, str]:
    return {**environment, "IDENTITY_WORKER_REFERENCE_DIR": str(folder)}


@pytest.fixture
def describe(command: Command, folder: Path, tmp_path: Path) -> Describe:
    """Run the command once, without waiting; return its exit code and what it says of each photo."""

    def run(*options: str, code_alone: bool = False) -> tuple[int, list[dict[str, Any]]]:
        given = [str(folder), "--recursive", "--to", str(tmp_path / "briefs"), "--timeout", "0", "--json"]
        ended = command("describe", *given, *options, IDENTITY_WORKER_REFERENCE_DIR=str(folder))
        return ended.returncode, [] if code_alone else json.loads(ended.stdout)

    return run


def work(flow: Flow, briefs: int) -> None:
    for _ in range(briefs):
        flow.steps.run(keys.INLET)
    flow.steps.until(lambda: flow.client.zcard(keys.FINISHED()) == briefs)


def test_each_photo_is_paid_for_once_however_often_it_is_asked_for(
    describe: Describe, flow: Flow, api: Api, tmp_path: Path, command: Command
) -> None:
    # Ended while it waits, as by a kill, and begun again.
    for timeout in ("0", "0m", "0.5"):
        code, told = describe("--timeout", timeout)
        assert (code, {each["result"] for each in told}) == (1, {"waits"})
    work(flow, 2)
    code, told = describe()
    assert (code, [each["result"] for each in told]) == (0, ["written"] * 3)
    written = sorted((tmp_path / "briefs").rglob("*.json"))
    assert [path.relative_to(tmp_path / "briefs").as_posix() for path in written] == [
        f"{NFC}.json",
        "ada.json",
        "deep/again.json",
    ]
    ada, again = (json.loads(path.read_bytes()) for path in written[1:])
    assert (ada.pop("metadata"), again.pop("metadata")["photo"]) == (
        {"photo": "ada.jpg", "photo_sha256": told[1]["sha256"]},
        "deep/again.jpg",
    )
    assert ada == again
    assert ada["instructions"][0]["hair"]["color"] == "pink"
    # Edited, it stays as it is; lost, it is written anew.
    written[1].write_text(json.dumps({"metadata": {"photo_sha256": told[1]["sha256"]}, "name": "mine"}))
    written[2].unlink()
    code, told = describe()
    assert (code, [each["result"] for each in told]) == (0, ["there", "there", "written"])
    assert api.requests(EXTRACT) == 2
    checked = command("enqueue", "--dry-run", str(written[0]), str(written[2]))
    assert checked.returncode == 0, checked.stdout


def test_a_lost_answer_is_told_and_not_repeated(describe: Describe, flow: Flow, api: Api) -> None:
    api.fault("drop_response", path="/preset/extract-from-image", count=1)
    describe()
    for _ in range(2):
        flow.steps.run(keys.INLET)
    flow.steps.until(lambda: flow.client.zcard(keys.HELD_BRIEFS()) and flow.client.zcard(keys.FINISHED()))
    for _ in range(2):
        code, told = describe()
        (held,) = {each["brief_id"]: each for each in told if each["result"] == "not"}.values()
        assert code == 1
        assert f"resolve {held['brief_id']}" in held["why"]
    assert api.requests(EXTRACT) == 2


def test_a_photo_that_cannot_be_read_is_refused_alone(folder: Path, tmp_path: Path) -> None:
    photos = [Photo(folder / name, Path(name), name) for name in ("gone.jpg", "ada.jpg")]
    gone, ada = described(photos, tmp_path / "briefs")
    assert (gone.found, gone.why) == (Found.NOT, "can't be read: No such file or directory")
    assert ada.found is Found.WAITS


def test_a_description_is_a_file_as_any_other_and_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "briefs").mkdir()
    plain = tmp_path / "plain"
    plain.touch()
    (each,) = described([Photo(folder / "ada.jpg", Path("ada.jpg"), "ada.jpg")], tmp_path / "briefs")
    each.write({"instructions": [{"prompt": "é"}]})
    assert (each.found, [path.name for path in each.target.parent.iterdir()]) == (Found.WRITTEN, ["ada.json"])
    assert json.loads(each.target.read_bytes())["instructions"] == [{"prompt": "é"}]
    assert each.target.stat().st_mode == plain.stat().st_mode


def test_another_file_of_that_name_is_left_and_nothing_is_paid(
    describe: Describe, command: Command, flow: Flow, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "briefs").mkdir()
    (tmp_path / "briefs" / "ada.json").write_text('{"name": "mine"}')
    code, told = describe()
    assert (code, told[1]["result"]) == (1, "not")
    assert "move it away" in told[1]["why"]
    assert (tmp_path / "briefs" / "ada.json").read_text() == '{"name": "mine"}'
    assert flow.client.llen(keys.QUEUE("briefs")) == 2
    given = (str(folder / "ada.jpg"), "--to", str(tmp_path / "briefs"))
    text = command("describe", *given, IDENTITY_WORKER_REFERENCE_DIR=str(folder))
    assert (text.returncode, "move it away" in text.stderr) == (1, True)


def test_a_photo_elsewhere_or_no_price_is_wrong_use(
    describe: Describe, command: Command, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.jpg").write_bytes(photo("out"))
    assert describe(str(tmp_path / "out.jpg"), code_alone=True)[0] == 2
    assert describe("--batch", "b", "--max-credits", "10", code_alone=True)[0] == 2
    assert describe("--timeout", "soon", code_alone=True)[0] == 2
    assert describe(str(folder / "itself.jpg"), code_alone=True)[0] == 2
    ended = command("describe", str(folder), "--to", str(tmp_path / "briefs"))
    assert (ended.returncode, "IDENTITY_WORKER_REFERENCE_DIR" in ended.stderr) == (2, True)
