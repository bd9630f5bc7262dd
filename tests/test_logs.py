"""Logs: what can't be written is lost, and nothing else with it."""

import os
import sys
from collections.abc import Iterator

import pytest
import structlog

from config import logs
from config.settings import Settings


@pytest.fixture
def before() -> Iterator[None]:
    """Leave the logs as they were."""
    config = structlog.get_config()
    yield
    structlog.configure(**config)


@pytest.mark.parametrize("gone", ["the reader of the pipe", "the stream"])
@pytest.mark.usefixtures("before")
def test_where_logs_go_may_go_away(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w")
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure(Settings())
    logs.get("test").warning("one")
    assert b"event=one" in os.read(reader, 4096)
    os.close(reader)
    if gone == "the stream":
        stream.close()
    logs.get("test").warning("another")
    if not stream.closed:
        with pytest.raises(BrokenPipeError):
            stream.close()  # with what was lost
