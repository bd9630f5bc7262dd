"""A rule that chooses again among exported drafts is held beside what was chosen, and asks nobody."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import choosers
import pytest

from worker.choosing.replay import NO_OTHERS, ONE_DRAFT, Compared, replay
from worker.places.targets import Folder


@pytest.fixture(autouse=True)
def _plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plugins := tmp_path / "plugins").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(choosers.install(plugins)))


def replayed(folder: Path, rule: str = "plugin:last") -> list[Compared]:
    return list(replay(Folder(folder), rule, 60))


def exported(folder: Path, brief_id: str, drafts: Sequence[int], **choice: Any) -> Path:
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
        there = exported(tmp_path / "out", brief_id, [1, 2], image_result_id=chosen)
        (there / f"draft-{3 - chosen}.png").write_bytes(b"other")
    first, second = replayed(tmp_path / "out")
    assert (first.past.chosen, first.would, first.agrees) == ((1,), 2, False)
    assert (second.past.chosen, second.would, second.agrees) == ((2,), 2, True)
    assert first.decision is not None
    assert [each.get("said") for each in first.decision.drafts] == ["A man", "A man"]
    asked = replayed(tmp_path / "out", "plugin:nothing")[0].as_json()
    assert (asked["agrees"], asked["decision"]["asks"]) == (None, "it chose no draft")


def test_what_can_not_be_compared_says_why(tmp_path: Path) -> None:
    exported(tmp_path / "out", "a", [1, 2])
    exported(tmp_path / "out", "b", [3])
    for number, strange in enumerate(('{"brief_id": 7}', "[]", "no JSON", "")):
        (there := tmp_path / "out" / "spring" / f"strange-{number}").mkdir()
        (there / "metadata.json").write_text(strange)
    assert [each.past.fault for each in replayed(tmp_path / "out")] == [NO_OTHERS, ONE_DRAFT]
