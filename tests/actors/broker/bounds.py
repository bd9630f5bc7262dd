"""Gives a broker another library, with bounds that a test can reach."""

from types import ModuleType

import pytest

from actors.broker import library
from actors.broker.broker import Broker
from config import durations
from worker.store.functions import Functions


def bound(broker: Broker, monkeypatch: pytest.MonkeyPatch, **bounds: int) -> None:
    """Let these constants, of durations or of the broker's library, be so for this broker from now on."""
    for name, value in bounds.items():
        page: ModuleType = durations if hasattr(durations, name) else library
        monkeypatch.setattr(page, name, value)
    monkeypatch.setattr(broker, "_functions", Functions(broker.client, library.broker_library()))
