"""Benchmarks that nothing else runs still run."""

import pytest

from benchmarks.caps.throughput import CONTENDERS


@pytest.mark.parametrize("name", ["permits", "admits"])
def test_our_part_of_the_throughput_goes_round_again_and_again(name: str, redis_url: str) -> None:
    cycle = CONTENDERS[name](redis_url, 0)
    for _ in range(3):
        cycle()
