"""One connection to an account's event stream: what is read of it, and what is its end."""

import asyncio
from collections.abc import Callable

import pytest
from followed_accounts import pending, submit
from httpx_sse import ServerSentEvent
from own_account import Api
from pydantic import SecretStr
from stepping import Flow
from support import DEADLINE

from worker.network.streaming import Connections, Streams
from worker.piktid.notifications import Frame, Notification, StreamEndedError, follow, read_event, read_frame

pytestmark = pytest.mark.channel


def read_until(api: Api, done: Callable[[list[Frame]], bool]) -> list[Frame]:
    """What `follow` yields until `done` says so."""

    async def read() -> list[Frame]:
        seen: list[Frame] = []
        async with Streams(Connections()) as streams, asyncio.timeout(DEADLINE):
            async for each in follow(streams, api.url, SecretStr(api.token)):
                seen.append(each)
                if done(seen):
                    break
        return seen

    return asyncio.run(read())


def test_kept_events_come_first_then_the_end_of_the_replay(flow: Flow) -> None:
    flow.api.set(backfill_seconds=100_000)
    submit(flow)
    first, *kept, last = read_until(flow.api, lambda seen: "replayed" in seen)
    assert (first, last) == ("opened", "replayed")
    events = [each for each in kept if isinstance(each, Notification)]
    assert [each.id for each in events] == pending(flow.api)
    assert {each.job for each in events} == {flow.brief("b").get("job_id")}


@pytest.mark.parametrize("status", [401, 503])
def test_a_refused_stream_is_an_end_and_not_read_as_events(api: Api, status: int) -> None:
    headers = {"Content-Type": "text/event-stream"}
    api.refuse("/notifications/events", status, 'data: {"id": 1}\n\n', headers=headers)
    with pytest.raises(StreamEndedError) as ended:
        read_until(api, lambda seen: bool(seen))
    assert f"answered {status} to" in str(ended.value)
    assert api.token not in str(ended.value)


def test_a_peer_that_is_not_there_is_an_end(api: Api) -> None:
    async def read() -> None:
        async with Streams(Connections()) as streams:
            async for _ in follow(streams, "http://127.0.0.1:9", SecretStr(api.token)):
                pass

    with pytest.raises(StreamEndedError):
        asyncio.run(read())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            '{"id": 1, "name": "completed", "data": {"id_task": "j"}}',
            Notification("1", "completed", "j", None),
        ),
        ('{"id": "x", "name": "n", "data": {"job_id": 7}}', Notification("x", "n", "7", None)),
        (
            '{"id": 1, "name": "n", "data": {"id_task": "a", "job_id": "b"}}',
            Notification("1", "n", "a", None),
        ),
        ('{"id": 1, "name": "n", "data": {"identity_code": "c"}}', Notification("1", "n", None, "c")),
        ('{"id": 1, "name": "n"}', Notification("1", "n", None, None)),
        ('{"id": 1, "name": "n", "data": [1]}', Notification("1", "n", None, None)),
        (
            '{"id": 1, "name": "n", "data": {"id_task": "", "job_id": true}}',
            Notification("1", "n", None, None),
        ),
        ("{}", None),
        ("[]", None),
        ('{"id": null}', None),
        ('{"id": true}', None),
        ("{", None),
        ("", None),
        ("[" * 100_000, None),
    ],
)
def test_a_frame_says_whose_it_is_or_nothing(data: str, expected: Notification | None) -> None:
    assert read_frame(ServerSentEvent(data=data)) == expected


def test_an_event_of_any_other_shape_is_none() -> None:
    shapes: list[object] = [None, 1, "text", [], {"id": []}, {"id": {}}]
    assert [read_event(each) for each in shapes] == [None] * len(shapes)
