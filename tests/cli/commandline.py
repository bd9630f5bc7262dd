"""How the tests run the command: the installed script, in an environment without settings of ours."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SCRIPT = str(Path(sys.executable).parent / "identity-worker")
#: Of this process's environment the command gets nothing else: no token, no settings.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "IDENTITY_WORKER_NAMESPACE")

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def environment(**variables: str) -> dict[str, str]:
    """Return an environment without settings of ours, but for these."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | variables
