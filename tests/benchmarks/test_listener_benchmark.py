"""The benchmark of the listener, as small as it can be."""

from benchmarks.listener import scene


def test_a_listener_is_measured_at_a_tiny_size() -> None:
    with scene(3) as made:
        made.listener()
        assert made.seconds_until_followed(0) > 0
        late = made.latencies(6, per_second=100)
        assert len(late) == 6
        assert min(late) > 0
        assert made.commands() > 0
