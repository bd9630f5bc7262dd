"""How all that stands in a scene comes to its end, with nothing in its way."""

from collections.abc import Callable
from typing import Any

from side_by_side.scene import Scene
from side_by_side.subjects import MINUTE, WAITS, Subject

ACCOUNTS = ("a", "b")
BATCHES = ("x", "y", "z")
#: What a draft costs, if nothing else is said.
PRICE = 4


def drain(scene: Scene) -> None:
    """Let everything come to its end, with nothing in its way; then nobody may hold anything."""
    for batch in BATCHES:
        scene.set_budget(batch, ACCOUNTS[0], 1_000_000)
    for name in ACCOUNTS:
        scene.set_account_budget(name, None)
        scene.limit(name, jobs=5, slots=0, express=0, create_per_minute=5, promote_per_minute=5)
    for _ in range(400):
        unfinished = [s for s in scene.model.subjects.values() if not s.finished]
        if not unfinished:
            break
        if not [subject for subject in unfinished if go_on(scene, subject)]:
            scene.pass_time(MINUTE)
    assert not [s for s in scene.model.subjects.values() if not s.finished], "not all came to their end"
    scene.pass_time(2 * MINUTE)
    for name in ACCOUNTS:
        for endpoint in WAITS:
            assert not scene.model.window(name, endpoint, scene.now)
        assert not scene.model.permits(name)
        assert not scene.model.reserved(name)


def go_on(scene: Scene, subject: Subject) -> bool:
    """Take a subject one step nearer to its end; return False when it has to wait."""
    brief = subject.endpoint == "create"
    steps: dict[str, Callable[[], Any]] = {
        "submitting": lambda: scene.answered(subject, "generating"),
        "uncertain": lambda: scene.move(subject, "waiting"),
        "held": lambda: scene.move(subject, "failed"),
        "generating": lambda: scene.collect(
            subject, cost=PRICE * subject.variations, promotions=subject.need
        ),
        "choosing": lambda: scene.plan(subject, subject.need),
        "preprocessing": lambda: scene.move(subject, "ready"),
    }
    if not brief:
        steps["promoting"] = lambda: scene.answered(subject, "preprocessing")
    if subject.granted:
        scene.begin(subject)
        return True
    if step := steps.get(subject.state):
        step()
        return True
    return False
