"""The example briefs are valid, differ from each other, and show what their names say."""

import json
from pathlib import Path
from typing import Any

import pytest

from worker.briefs.brief import Brief, parse
from worker.briefs.choices import Choose

BRIEFS = sorted((Path(__file__).parents[3] / "examples" / "briefs").iterdir())


def read(path: Path) -> Brief:
    return parse(path.read_bytes())


def named(beginning: str) -> tuple[dict[str, Any], Brief]:
    (path,) = (path for path in BRIEFS if path.name.startswith(beginning))
    text = path.read_bytes()
    return json.loads(text), parse(text)


@pytest.mark.parametrize("path", BRIEFS, ids=lambda path: path.stem)
def test_each_is_valid_small_and_needs_nobody(path: Path) -> None:
    brief = read(path)
    assert path.suffix == ".json"
    assert all(instruction.num_variations <= 3 for instruction in brief.instructions)
    assert Choose.MANUAL not in brief.choices()
    assert brief.brief_id is None


def test_there_are_at_least_ten_and_no_two_are_the_same() -> None:
    bodies = {json.dumps(read(path).body(), sort_keys=True) for path in BRIEFS}
    assert len(bodies) == len(BRIEFS) >= 10


def test_they_show_several_models_sizes_ratios_and_formats() -> None:
    briefs = [read(path) for path in BRIEFS]
    options = [instruction.options for brief in briefs for instruction in brief.instructions]
    assert {each.size for each in options} == {"1K", "2K", "4K"}
    assert {each.format for each in options} == {"jpg", "png"}
    assert len({each.ar for each in options}) >= 5
    assert {brief.options.model for brief in briefs} == {"auto", "nano_banana_pro", "seedream", "orbita"}


def test_the_guide_s_structured_brief_is_among_them() -> None:
    raw, brief = named("01-")
    assert brief.name == "Spring catalog model"
    assert raw["instructions"][0]["hair"] == {"color": "ash blonde", "length": "long", "style": "wavy"}
    assert brief.body() == raw | {"options": {"model": "auto", "add_ai_watermark": False}}


def test_the_guide_s_expert_prompt_is_among_them() -> None:
    _, brief = named("02-")
    assert (brief.instructions[0].prompt or "").startswith("A 31-year-old woman of mixed South Asian")
    assert (brief.instructions[0].prompt or "").endswith("calm focused expression, gaze slightly off-camera.")


def test_one_has_two_instructions() -> None:
    assert len(named("03-")[1].instructions) == 2


def test_one_leaves_orbita_s_size_open() -> None:
    raw, brief = named("04-")
    assert "size" not in raw["instructions"][0]["options"]
    assert (brief.options.model, brief.instructions[0].options.size) == ("orbita", "1K")


def test_one_has_an_envelope_and_keeps_all_its_drafts() -> None:
    _, brief = named("06-")
    assert (brief.batch, brief.priority, brief.choices()) == ("autumn-knitwear", 10, (Choose.ALL,))
    assert brief.slots() == brief.total_variations == 2
    assert brief.metadata["season"] == "AW"
