"""Round trips to Redis are counted on their way, and nothing of what passes is changed."""

from pathlib import Path

from benchmarks.frame.round_trips import RoundTrips, counting
from worker.store import embedded
from worker.store.connection import connect


def test_what_is_pipelined_is_one_round_trip(tmp_path: Path) -> None:
    with (
        embedded.running(tmp_path / "valkey") as url,
        counting(url, tmp_path / "counted") as trips,
        connect(trips.url) as client,
    ):
        client.set("name", "x" * 200_000)
        before = trips.count
        with client.pipeline(transaction=False) as pipe:
            for _ in range(100):
                pipe.strlen("name")
            assert pipe.execute() == [200_000] * 100
        assert client.get("name") == "x" * 200_000
        assert trips.count - before == 2


def test_each_connection_is_counted_by_itself() -> None:
    trips = RoundTrips("")
    trips.asked(1, b"a")
    trips.asked(2, b"b")
    trips.asked(1, b"more of a")
    trips.answered(1, b"")
    trips.asked(1, b"c")
    assert trips.count == 3
