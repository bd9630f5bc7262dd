"""Each place has an archive of its own, what lies there is looked for, what is missed is soon tried again."""

import json
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from archives import archiver, caught_up, contents, look_of, on_record, pending, told
from own_account import LONG
from stepping import Flow
from support import eventually

from cli.render.counts import archive_lines
from config import durations, keys
from config.times import redis_ms
from worker.archive import looking, stands
from worker.archive.stands import GROUPS, group_of
from worker.export.pictures import archived
from worker.places.target import TargetError
from worker.places.targets import Folder
from worker.views import snapshots

RESULTS = "GET /jobs/{job_id}/results"


def archived_once(flow: Flow, place: Path) -> int:
    """Archive as the command does; return how many pictures were fetched."""
    with archiver(flow, place) as running:
        running.once()
    return running.counts.fetched


def lines(flow: Flow) -> list[str]:
    """Return what `status` says of archives, without when all was looked through."""
    found = archive_lines(stands.waiting(flow.client), redis_ms(flow.client.time()))
    return [line.partition(" (")[0] for line in found]


def test_two_places_have_all_pictures_each_and_nothing_twice(heard: Flow, tmp_path: Path) -> None:
    places = [tmp_path / "one", tmp_path / "two"]
    with archiver(heard, places[0]) as one, archiver(heard, places[1]) as other:
        for each in places:
            heard.client.set(look_of(each), "done", px=60_000)
        brief_id = heard.accept()
        heard.finish(brief_id)
        while pending(heard) or not caught_up(heard):
            one.round(1)
            other.round(1)
        assert (one.counts.fetched, other.counts.fetched) == (2, 2)
        assert pending(heard) == 0
    before = on_record(heard, brief_id)
    events = [len(told(heard, Folder(each))) for each in places]
    assert contents(Folder(places[0])) == contents(Folder(places[1]))
    assert [archived_once(heard, each) for each in places] == [0, 0]
    assert on_record(heard, brief_id) == before
    assert [len(told(heard, Folder(each))) for each in places] == events
    [view] = snapshots.by_ids(heard.client, [brief_id])
    assert [len(archived(view, str(each))) for each in places] == [2, 2]


@pytest.mark.parametrize("deleted", ["*.jpg", "metadata.json", "*"])
def test_a_file_that_was_deleted_by_hand_is_there_again(heard: Flow, tmp_path: Path, deleted: str) -> None:
    place = tmp_path / "archive"
    brief_id, kept = heard.accept(), heard.accept()
    for each in (brief_id, kept):
        heard.finish(each)
    assert archived_once(heard, place) == 4
    before, record = contents(Folder(place)), on_record(heard, brief_id)
    files = list((place / "no-batch" / brief_id).glob(deleted))
    assert files
    for file in files:
        file.unlink()
    requests = heard.api.requests(RESULTS)
    assert archived_once(heard, place) == sum(file.suffix == ".jpg" for file in files)
    assert contents(Folder(place)) == before
    assert on_record(heard, brief_id) == record
    assert heard.api.requests(RESULTS) == requests
    assert len(told(heard, Folder(place))) == 2, "nothing new is told of"


def test_a_picture_deleted_and_gone_at_the_api_is_told_of(heard: Flow, tmp_path: Path) -> None:
    place = tmp_path / "archive"
    heard.api.set(picture_url_seconds=0)  # its links are over at once
    brief_id = heard.accept(choose="manual")
    heard.until(brief_id, "choosing")
    heard.api.set(picture_url_seconds=None)
    archived_once(heard, place)
    first, second = on_record(heard, brief_id)["pictures"]
    (place / first["file"]).unlink()
    heard.api.fault("status", path="/jobs/*/results", status=404, body={"error": "gone"}, count=None)
    archived_once(heard, place)
    record = on_record(heard, brief_id)
    assert record["pictures"] == [second]
    assert [each["image_result_id"] for each in record["gone"]] == [first["image_result_id"]]
    assert archived_once(heard, place) == 0
    stand = stands.read(heard.client, str(place))
    assert stand is not None
    assert (stand.lacking, stand.gone) == (0, 1)


def test_a_process_looks_at_the_place_once_a_day(heard: Flow, tmp_path: Path) -> None:
    place = tmp_path / "archive"
    brief_id = heard.accept()
    heard.finish(brief_id)
    archived_once(heard, place)
    (file,) = {each["file"] for each in on_record(heard, brief_id)["pictures"]} & set(_draft(place))
    (place / file).unlink()

    def looked() -> bool:
        heard.client.delete(look_of(place))
        with archiver(heard, place) as running:
            while heard.client.get(look_of(place)) != "done":
                running.round(1)
        return (place / file).exists()

    assert not looked()
    stand = stands.read(heard.client, str(place))
    assert stand is not None
    stands.write(heard.client, stand._replace(listed_at=stand.listed_at - durations.ARCHIVE_CHECK_MS))
    assert looked()


def _draft(place: Path) -> list[str]:
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*.jpg"))[:1]


def test_an_empty_place_is_not_filled_as_it_may_not_be_mounted(heard: Flow, tmp_path: Path) -> None:
    place = tmp_path / "archive"
    heard.finish(heard.accept())
    archived_once(heard, place)
    place.rename(tmp_path / "elsewhere")
    with pytest.raises(TargetError, match="mount it"):
        archived_once(heard, place)
    assert not place.exists()
    place.mkdir()
    (place / "anew").touch()
    assert archived_once(heard, place) == 2


def test_what_a_look_has_missed_is_tried_again_soon(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "ARCHIVE_AGAIN_MS", 0)
    place = tmp_path / "archive"
    brief_id = heard.accept(choose="manual")
    drafts = heard.until(brief_id, "choosing").json("drafts")
    record = keys.RECORD(f"brief:{brief_id}")
    heard.client.hset(record, "drafts", json.dumps([each | {"url": None} for each in drafts]))
    with archiver(heard, place) as running:
        # Without a token nobody can ask for links.
        apis, running.archive.apis = running.archive.apis, {}
        while heard.client.get(look_of(place)) != "done":
            running.round(1)
        assert lines(heard) == [f"archive at {place}: 0 events to go, 1 brief lacks pictures"]
        running.archive.apis = apis
        eventually(heard.client, lambda: running.round(1) or on_record(heard, brief_id))
        assert "lack" not in lines(heard)[0]


def test_links_that_expire_while_an_archiver_runs_are_renewed(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "AT_ONCE", 1)
    place = tmp_path / "archive"
    heard.api.set(picture_url_seconds=400)
    ids = [heard.accept(brief_id=name, choose="manual") for name in ("a", "b")]
    drafts = {each: heard.until(each, "choosing").json("drafts") for each in ids}
    held = drafts["a"][1]
    # Whoever has a link names no account.
    path = f"/cdn/drafts/{held['image_result_id']}*"
    heard.api.sandbox.faults(kind="delay", path=path, seconds=LONG)
    before = heard.api.requests(RESULTS)
    with archiver(heard, place) as running:
        thread = threading.Thread(target=running.once)
        thread.start()
        eventually(heard.client, lambda: path not in str(heard.api.sandbox.faults()))
        links = [each["url"] for its in drafts.values() for each in its]
        eventually(heard.client, lambda: all(map(_expired, links)))
        heard.api.set(picture_url_seconds=None)
        heard.api.let_go()
        thread.join()
    assert (running.counts.fetched, running.counts.gone, running.counts.missing) == (4, 0, 0)
    assert heard.api.requests(RESULTS) == before + 2, "one for each brief"
    assert [len(on_record(heard, each)["pictures"]) for each in ids] == [2, 2]


def _expired(url: str) -> bool:
    try:
        with urllib.request.urlopen(url) as answer:  # the sandbox
            return bool(answer.status == 403)
    except urllib.error.HTTPError as error:
        return error.code == 403


def test_the_group_of_a_place_that_nobody_uses_any_more_is_removed(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard.client.xgroup_create(keys.EVENTS(), GROUPS, id="0", mkstream=True)
    heard.client.xgroup_create(keys.EVENTS(), "others", id="0")
    with archiver(heard, tmp_path / "one") as one:
        heard.finish(heard.accept())
        one.round(1)
        with archiver(heard, tmp_path / "two"):
            pass
        monkeypatch.setattr(durations, "ARCHIVE_CHECK_MS", 0)
        heard.client.xgroup_destroy(keys.EVENTS(), group_of(str(tmp_path / "two")))
        with archiver(heard, tmp_path / "two"):
            pass
        left = [each["name"] for each in heard.client.xinfo_groups(keys.EVENTS())]
    assert left == sorted(["others", group_of(str(tmp_path / "two"))])
