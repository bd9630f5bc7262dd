"""A short run of the program `moving`: servers are replaced in the middle of a move of an account."""

from shutil import which

import pytest

from tests.chaos.programs.moving import FIRST, SOURCE, TARGET, Hit, calls, scenery, try_

pytestmark = [
    pytest.mark.story,
    pytest.mark.timeout(300),
    pytest.mark.skipif(which("redis-server") is None, reason="needs Debian's redis-server"),
]


def test_an_account_is_whole_after_servers_were_replaced(tmp_path_factory: pytest.TempPathFactory) -> None:
    with scenery(tmp_path_factory.mktemp("cluster") / "nodes") as scene:
        said = calls(scene)
        leaves, comes = (
            next(n for n, each in enumerate(said, 1) if what in each) for what in ("depart", "bring")
        )
        lives = next(n for n, each in enumerate(said, 1) if "identity:shards" in each and "HSET" in each)
        hits = [Hit(leaves, SOURCE, True), Hit(comes, TARGET, True), Hit(lives, FIRST, True)]
        assert {hit: try_(scene, hit) for hit in hits} == {hit: [] for hit in hits}
