"""Briefs that the scene takes to where their job or their promotion is in flight or granted."""

from side_by_side.scene import Scene
from side_by_side.subjects import Subject


def generating(scene: Scene, **brief: object) -> Subject:
    """Return a brief whose job draws its drafts."""
    subject = scene.arrive(**brief)  # type: ignore[arg-type]  # passed on as they came
    scene.begin(subject)
    scene.answered(subject, "generating")
    return subject


def preprocessing(scene: Scene, **brief: object) -> Subject:
    """Return the promotion of a brief whose identity is being prepared."""
    subject = generating(scene, **brief)
    scene.collect(subject)
    scene.plan(subject)
    promotion = scene.model.subjects[f"promotion:{subject.name.partition(':')[2]}#0"]
    scene.begin(promotion)
    scene.answered(promotion, "preprocessing")
    return promotion


def planned(scene: Scene, **brief: object) -> Subject:
    """Return the promotion of a brief whose drafts are bought; it waits, or is granted."""
    subject = scene.arrive(**brief)  # type: ignore[arg-type]  # passed on as they came
    scene.begin(subject)
    scene.answered(subject, "generating")
    scene.collect(subject, cost=4, promotions=1)
    return scene.model.subjects[f"promotion:{subject.name.partition(':')[2]}#0"]
