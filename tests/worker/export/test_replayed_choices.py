"""A rule that chooses again among exported drafts is held beside what was chosen, and asks nobody."""

from pathlib import Path
from typing import Any

import choosers
import pytest
from exported import export, finished
from stepping import Flow

from worker.choosing.replay import NO_OTHERS, ONE_DRAFT, Compared, replay
from worker.places.targets import Folder

TWO: dict[str, Any] = {"prompt": "A man", "num_variations": 2, "options": {"size": "1K"}}


def replayed(folder: Path, rule: str = "plugin:last") -> list[Compared]:
    return list(replay(Folder(folder), rule, 60))


def test_each_choice_stands_beside_what_the_rule_would_choose(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (plugins := tmp_path / "plugins").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(choosers.install(plugins)))
    one = {"prompt": "A woman", "num_variations": 1, "options": {"size": "1K"}}
    finished(heard, brief_id="b", instructions=[TWO, one], choose=["first", "all"], metadata={"sku": "7"})
    drafts = [draft["image_result_id"] for draft in heard.brief("b").json("drafts")]
    export(heard, tmp_path / "chosen", names="{metadata.sku}")
    assert [each.past.fault for each in replayed(tmp_path / "chosen")] == [NO_OTHERS, ONE_DRAFT]
    export(heard, tmp_path / "drafts", names="{metadata.sku}", wanted="drafts")
    (tmp_path / "drafts" / "no-batch" / "strange").mkdir()
    (tmp_path / "drafts" / "no-batch" / "strange" / "metadata.json").write_text('{"brief_id": 7}')
    first, second = replayed(tmp_path / "drafts")
    assert (first.past.chosen, first.would, first.agrees) == ((drafts[0],), drafts[1], False)
    assert first.decision is not None
    assert first.decision.drafts[1]["said"] == "A man"
    assert (second.past.chosen, second.agrees, second.past.fault) == ((drafts[2],), None, ONE_DRAFT)
    asked = replayed(tmp_path / "drafts", "plugin:nothing")[0].as_json()
    assert (asked["agrees"], asked["decision"]["asks"]) == (None, "it chose no draft")
