"""A run of the demo as a person sees it: its summary, its lines, the files that it leaves."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from demo_process import BRIEFS, Demo
from PIL import Image


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Demo, "subprocess.CompletedProcess[str]"]:
    demo = Demo(tmp_path_factory.mktemp("demo"), **BRIEFS)
    return demo, demo.run()


Finished = tuple[Demo, "subprocess.CompletedProcess[str]"]


def test_the_demo_ends_with_0_and_a_summary_of_every_brief(finished: Finished) -> None:
    demo, answer = finished
    assert answer.returncode == 0, answer.stderr
    summary = demo.summary()
    assert summary["ok"] is True
    assert [(brief["brief_id"], brief["state"]) for brief in summary["briefs"]] == [
        (name, "done") for name in BRIEFS
    ]
    assert [len(brief["identities"]) for brief in summary["briefs"]] == [2, 1, 1]
    totals = summary["totals"]
    assert (totals["briefs"], totals["identities"], totals["drafts"]) == (3, 4, 5)
    # 3 credits for a draft at 1K, 50 for a promotion.
    assert totals["credits"] == 5 * 3 + 4 * 50
    assert totals["answers_429"] == 0
    assert 1 <= totals["most_jobs_in_flight"] <= 5
    assert totals["events"] == {
        "identity.brief.accepted": 3,
        "identity.drafts.ready": 3,
        "identity.promoted": 4,
        "identity.preprocessing.completed": 4,
        "identity.brief.done": 3,
    }


def test_without_a_terminal_it_prints_plain_lines(finished: Finished) -> None:
    _, answer = finished
    assert "\x1b" not in answer.stdout + answer.stderr
    for name in BRIEFS:
        assert f"{name}  done" in answer.stdout
    for brief in finished[0].summary()["briefs"]:
        for identity in brief["identities"]:
            assert identity["identity_code"] in answer.stdout
    assert "output/summary.json" in answer.stdout


def test_the_identities_have_the_names_that_the_api_gave_them(finished: Finished) -> None:
    duo, *_ = finished[0].summary()["briefs"]
    assert {identity["name"] for identity in duo["identities"]} == {"Denim duo", "Denim duo 2"}


def test_each_identity_has_its_provenance_on_disk(finished: Finished) -> None:
    demo, _ = finished
    _, png, _ = demo.summary()["briefs"]
    code = png["identities"][0]["identity_code"]
    metadata = json.loads((demo.folder / "output" / code / "metadata.json").read_text())
    assert (metadata["identity_code"], metadata["brief_id"]) == (code, "2-png")
    assert metadata["brief"]["instructions"][0]["prompt"] == "A man."
    assert metadata["metadata"] == {"client": "eyewear"}
    assert metadata["jobs"]["creation"] == png["job_id"]
    jobs = demo.sandbox_account()["jobs"]
    assert jobs[metadata["jobs"]["preprocessing"]]["identity_code"] == code
    (draft,) = metadata["drafts"]
    assert metadata["choice"]["image_result_id"] == draft["image_result_id"]
    assert metadata["choice"]["rule"] == "first"
    assert metadata["credits"] == {"drafts": 3, "promotion": 50}
    times = [metadata["times"][step] for step in ("accepted", "submitted", "generated", "promoted", "ready")]
    assert None not in times
    assert times == sorted(times)
    assert [(call["call"], call["what"]) for call in metadata["paid_calls"]] == [
        ("create", "intended"),
        ("create", "accepted"),
        ("create", "charged"),
        ("promote", "intended"),
        ("promote", "accepted"),
    ]


@pytest.mark.parametrize(
    ("place", "suffix", "format_", "ratio"),
    [(0, "jpg", "JPEG", 1.0), (1, "png", "PNG", 2 / 3), (2, "jpg", "JPEG", 16 / 9)],
)
def test_each_picture_is_whole_in_the_format_and_ratio_asked(
    finished: Finished, place: int, suffix: str, format_: str, ratio: float
) -> None:
    demo, _ = finished
    for identity in demo.summary()["briefs"][place]["identities"]:
        with Image.open(demo.folder / "output" / identity["identity_code"] / f"picture.{suffix}") as picture:
            picture.load()
            assert picture.format == format_
            assert picture.width / picture.height == pytest.approx(ratio, rel=0.02)


@pytest.mark.story
def test_after_a_complete_run_the_next_begins_anew_and_prints_json(
    finished: Finished, tmp_path: Path
) -> None:
    before, _ = finished
    demo = Demo(tmp_path, **{"3-plain": BRIEFS["3-plain"]})
    shutil.copytree(before.folder / ".data", tmp_path / ".data", ignore=shutil.ignore_patterns("*.sock"))
    shutil.copytree(before.folder / "output", tmp_path / "output")
    answer = demo.run("--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == demo.summary()
    assert demo.sandbox_account()["requests"]["POST /identity/create"] == {"202": 1}
    # What the run before has left of other briefs is gone.
    assert len(list((tmp_path / "output").glob("*/metadata.json"))) == 1
