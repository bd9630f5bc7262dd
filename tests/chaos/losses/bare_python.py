"""Python, started from the project's folder without the settings of the session."""

import os
import subprocess
import sys
from typing import IO, cast

from support import ROOT


def bare_environment(variables: dict[str, str]) -> dict[str, str]:
    """This process's environment without the settings that are the session's."""
    mine = ("REDIS_URL", "PIKTID_API_TOKEN", "PIKTID_API_URL", "IDENTITY_WORKER_DATA_DIR")
    return {name: value for name, value in os.environ.items() if name not in mine} | variables


def start_python(*arguments: str, **variables: str) -> "subprocess.Popen[str]":
    """Start Python from the project's folder; it ends when its standard input is closed."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=bare_environment(variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process: "subprocess.Popen[str]") -> str:
    return cast(IO[str], process.stdout).readline().strip()
