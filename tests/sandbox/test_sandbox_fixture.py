"""The fixture that other tests can import."""

from sandbox_api import Api

from sandbox import Sandbox
from sandbox.fixtures import sandbox as _fixture

fresh = _fixture


def test_the_fixture_gives_a_running_sandbox(fresh: Sandbox) -> None:
    with Api(fresh, "a") as api, api.stream() as stream:
        stream.backfill()
        assert api.create().status_code == 202
        assert stream.live()["name"] == "completed"


def test_a_stream_is_counted_while_it_is_open(fresh: Sandbox) -> None:
    with Api(fresh, "a") as api, api.stream() as stream:
        stream.backfill()
        assert api.ledger()["requests"]["GET /notifications/events"] == {"200": 1}
