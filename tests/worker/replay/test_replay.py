"""A rule that chooses again among exported drafts is held beside what was chosen, and asks nobody."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import choosers
import pytest
from exported import export, finished
from stepping import Flow

from worker.places.targets import Folder
from worker.replay.choices import NO_OTHERS, ONE_DRAFT
from worker.replay.comparing import Compared, replay
from worker.replay.exported import NO_INDEX, NOT_DESCRIBED, NOT_OURS


@pytest.fixture(autouse=True)
def _plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plugins := tmp_path / "plugins").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(choosers.install(plugins)))


def replayed(folder: Path, rule: str = "plugin:last") -> tuple[list[Compared], dict[str, str]]:
    passed: dict[str, str] = {}
    return list(replay(Folder(folder), rule, 60, passed.__setitem__)), passed


def described(folder: Path, brief_id: str, drafts: Sequence[int], **choice: Any) -> Path:
    """Write what an export has of an identity, as `worker/export` lays it out."""
    (there := folder / "spring" / brief_id).mkdir(parents=True)
    told = {
        "brief_id": brief_id,
        "account": "default",
        "batch": "spring",
        "name": None,
        "metadata": {"sku": "7"},
        "brief": {"instructions": [{"prompt": "A man"}]},
        "choice": {"instruction": 0, "rule": "first", "image_result_id": drafts[0]} | choice,
        "picture": f"{brief_id}.jpg",
        "drafts": [
            {"image_result_id": each, "status": "completed", "image_index": 0, "group_index": place}
            for place, each in enumerate(drafts)
        ],
    }
    (there / "metadata.json").write_text(json.dumps(told))
    (there / f"{brief_id}.jpg").write_bytes(b"chosen")
    return there


def test_each_choice_stands_beside_what_the_rule_would_choose(tmp_path: Path) -> None:
    for brief_id, chosen in (("a", 1), ("b", 2)):
        there = described(tmp_path / "out", brief_id, [1, 2], image_result_id=chosen)
        (there / f"draft-{3 - chosen}.png").write_bytes(b"other")
    (first, second), passed = replayed(tmp_path / "out")
    assert (first.past.chosen, first.would, first.agrees) == ((1,), 2, False)
    assert (second.past.chosen, second.would, second.agrees) == ((2,), 2, True)
    assert first.decision is not None
    assert [each.get("said") for each in first.decision.drafts] == ["A man", "A man"]
    assert passed == {}
    asked = replayed(tmp_path / "out", "plugin:nothing")[0][0].as_json()
    assert (asked["agrees"], asked["decision"]["asks"]) == (None, "it chose no draft")


def test_what_can_not_be_compared_says_why(tmp_path: Path) -> None:
    out = tmp_path / "out"
    described(out, "a", [1, 2])
    described(out, "b", [3])
    strange = ('{"brief_id": 7}', "[]", "no JSON", "", json.dumps({"brief": [1]}))
    for number, text in enumerate(strange):
        (there := out / "spring" / f"strange-{number}").mkdir()
        (there / "metadata.json").write_text(text)
    found, passed = replayed(out)
    assert [each.past.fault for each in found] == [NO_OTHERS, ONE_DRAFT]
    assert passed == {f"spring/strange-{number}/metadata.json": NOT_OURS for number in range(len(strange))}


@pytest.mark.parametrize("index", ["index.jsonl", "index.csv", None])
def test_drafts_are_found_wherever_an_export_has_put_them(
    heard: Flow, tmp_path: Path, index: str | None
) -> None:
    out = tmp_path / "out"
    instruction = {"prompt": "A man", "num_variations": 3, "options": {"size": "1K"}}
    for brief_id in ("-one", "two"):
        finished(heard, brief_id=brief_id, instructions=[instruction], metadata={"sku": f"0-{brief_id}"})
    export(heard, Folder(out))  # beside these pictures lies what tells of the choices
    export(heard, Folder(out), names="{n}_{metadata.sku}", wanted="drafts")
    for each in ("index.jsonl", "index.csv"):
        if each != index:
            (out / "no-batch" / each).unlink()
    found, passed = replayed(out)
    assert passed == {}
    assert {each.past.brief_id: len(each.past.missing) for each in found} == {"-one": 0, "two": 0}
    assert [each.agrees for each in found] == [False, False]
    assert [each.as_json() for each in replayed(out / "no-batch")[0]] == [each.as_json() for each in found]


def test_only_an_index_tells_drafts_of_the_same_name_apart(tmp_path: Path) -> None:
    out = tmp_path / "out"
    described(out, "a", [1, 2])
    for folder, content in (("mine", b"the longest"), ("other", b"short")):
        (out / "spring" / folder).mkdir()
        (out / "spring" / folder / "draft-2.jpg").write_bytes(content)
    (unsure,), _ = replayed(out)
    assert unsure.past.fault.startswith("1 of its 2 drafts is there: 2: it lies at spring/mine/draft-2.jpg")
    row = {"brief_id": "a", "image_result_id": 2, "file": "mine/draft-2.jpg"}
    (out / "spring" / "index.jsonl").write_text(json.dumps(row))
    assert [each.would for each in replayed(out, "plugin:longest")[0]] == [2]


def test_a_draft_in_the_folder_of_another_brief_is_not_taken(tmp_path: Path) -> None:
    out = tmp_path / "out"
    described(out, "a", [1, 2])
    (described(out, "b", [3]) / "draft-2.jpg").write_bytes(b"from another account")
    assert [each.past.fault for each in replayed(out)[0]] == [NO_OTHERS, ONE_DRAFT]


def test_what_an_index_names_and_is_not_there_is_said(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (described(out, "a", [1, 2, 3]) / "draft-2.jpg").write_bytes(b"there")
    rows = [
        {"brief_id": "a", "image_result_id": 3, "file": None, "error": "no picture: it is gone (404)"},
        {"brief_id": "b", "image_result_id": 9, "file": "b/b.jpg", "picture": "identity"},
    ]
    (out / "spring" / "index.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (out / "summer").mkdir()
    (out / "summer" / "index.jsonl").write_text("[[]]")
    (found,), passed = replayed(out)
    assert found.past.missing == {3: "no picture: it is gone (404)"}
    assert found.would == 2
    assert passed == {"summer/index.jsonl": NO_INDEX, "spring/b/b.jpg": NOT_DESCRIBED}


def test_an_identity_that_is_told_of_twice_is_one_choice(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (described(out, "a", [1, 2]) / "draft-2.jpg").write_bytes(b"other")
    (out / "spring").rename(out / "autumn")
    described(out, "a", [1, 2])
    (found,), _ = replayed(out)
    assert (found.past.chosen, found.would) == ((1,), 2)
