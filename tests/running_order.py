"""Which tests are run, in which order, and by which process of the run (pytest's hooks)."""

from typing import Any

import pytest
from support import DIALECT, EVENTS

#: Files whose tests share what takes long to set up, and what they share it as.
TOGETHER = {
    "tests/benchmarks/test_side_by_side.py": "benchmarks",
    "tests/cli/demo/test_demo.py": "demo",
    # A browser.
    "tests/web/page/test_acting_in_browser.py": "browser",
    "tests/web/page/test_page_in_browser.py": "browser",
    # What the code is parsed to.
    "tests/project/test_dead.py": "code",
    "tests/project/test_design.py": "code",
    "tests/project/test_durations.py": "code",
    "tests/project/test_one_door.py": "code",
    "tests/project/test_tests.py": "code",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the stories begin first.

    In the other modes, leave out what they do not change; by webhook also what is about the channel.
    """
    items.sort(key=lambda item: item.get_closest_marker("story") is None)
    if (DIALECT, EVENTS) == ("guide", "sse"):
        return
    left_out = [item for item in items if not _belongs_to_mode(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out one test at a time, but for those that share what their module has set up.

    pytest-xdist's groups would do, but not with this version of pytest (3.8 with 9.2).
    """
    # Not at the top: a run in one process needs none.
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, _ = nodeid.partition("::")
            return TOGETHER.get(file, nodeid)

    return Scheduling(config, log)


def _belongs_to_mode(item: pytest.Item) -> bool:
    """Whether a test runs the actors or our processes on the sandbox of this file, which the modes change."""
    if EVENTS == "webhook" and item.get_closest_marker("channel") is not None:
        return False
    return isinstance(item, pytest.Function) and not {"flow", "start"}.isdisjoint(item.fixturenames)
