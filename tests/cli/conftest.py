"""The real command, run as a process of its own by somebody who has a Redis and no token."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from commandline import SCRIPT, Command, environment


@pytest.fixture
def alone(tmp_path: Path) -> Command:
    """Return what runs the command in an empty folder, without a Redis."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
        options: dict[str, Any] = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 60}
        return subprocess.run(
            [SCRIPT, *arguments], input=stdin, env=environment(**variables), check=False, **options
        )

    return run


@pytest.fixture
def command(alone: Command, redis_url: str) -> Command:
    """Return what runs the command in an empty folder, on the test's Redis."""
    return lambda *arguments, **more: alone(*arguments, **{"REDIS_URL": redis_url, **more})
