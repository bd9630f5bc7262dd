"""Short runs of `make failover`: replicas take over under load, and nothing is lost or paid for twice."""

from shutil import which

import pytest

from tests.chaos.invariants.invariants import Kind
from tests.chaos.programs.failover import main

pytestmark = [
    pytest.mark.story,
    pytest.mark.timeout(300),
    pytest.mark.skipif(which("redis-server") is None, reason="needs Debian's redis-server"),
]


@pytest.mark.parametrize("keepers", ["sentinels", "cluster"])
def test_nothing_is_lost_or_paid_twice_when_a_replica_takes_over(keepers: str) -> None:
    figures = main(2, 0, [keepers], quick=True)["runs"][f"{keepers}_replicas_1"]
    assert {kind: figures[kind] for kind in Kind} == dict.fromkeys(Kind, 0)
    assert figures["failovers"] == 2
    assert figures["done"] > 5
