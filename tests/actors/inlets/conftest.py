"""Two further inlets, whose messages the workers move to the inlet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from further_inlets import Send, come_by
from stepping import Flow, inlet_message
from support import brief

from config import keys

FILE = """
[partner]
accounts = ["default"]
priority = 5
credits_a_day = 120

[other]
"""


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Name the file of the inlets in the environment."""
    file = tmp_path / "inlets.toml"
    file.write_text(FILE, encoding="utf-8")
    return environment | {"IDENTITY_WORKER_INLETS": str(file)}


@pytest.fixture
def moving(flow: Flow) -> Iterator[Flow]:
    """Have the worker of this process know both inlets, and look at them each time."""
    flow.broker.inlets = ["other", "partner"]
    yield flow
    flow.broker.inlets = ()


@pytest.fixture
def send(moving: Flow) -> Send:
    """Return what sends a brief by an inlet and has it put on record."""

    def send(inlet: str = "partner", **fields: Any) -> None:
        come_by(moving, inlet_message(brief(**fields)), inlet)
        moving.steps.run(keys.INLET)

    return send
