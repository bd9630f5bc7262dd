"""The audit as a program runs it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from commandline import Command


@pytest.fixture
def audited(command: Command, environment: dict[str, str]) -> Callable[..., dict[str, Any]]:
    """What runs the audit for programs; its exit code must go with what it finds."""

    def run(*arguments: str) -> dict[str, Any]:
        # Long enough for the API of a busy machine: an account that does not answer is told as well.
        patient = environment | {"IDENTITY_WORKER_REQUEST_TIMEOUT": "30"}
        answer = command("audit", "--json", *arguments, **patient)
        told = dict(json.loads(answer.stdout))
        assert answer.returncode == bool(told["findings"]), answer.stderr
        return told

    return run
