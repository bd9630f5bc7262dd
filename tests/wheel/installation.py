"""An installation of the wheel as a user of it has one: built, put into a bare environment, run by nobody."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

ROOT = Path(__file__).parents[2]
NOT_TRACKED = (".*", "__pycache__", "*.egg-info", "build", "output")
#: What the tests of another project bring themselves, in the releases that are pinned here.
PYTEST = ("iniconfig", "packaging", "pluggy", "pytest")
#: What somebody's own project may well have in its folder; each ends whoever imports it.
DECOYS = ("actors", "cli", "config", "dramatiq", "redis", "sandbox", "tests", "typer", "web", "worker")
#: Seconds that something may take to come about.
_DEADLINE = 60.0
_NOBODY = 65_534
_BUILD = (
    "import sys; from setuptools import build_meta; getattr(build_meta, 'build_' + sys.argv[1])(sys.argv[2])"
)


def build(kind: str, source: Path, into: Path) -> Path:
    """Build a `wheel` or an `sdist` of a source tree; return the file."""
    into.mkdir()
    subprocess.run([sys.executable, "-c", _BUILD, kind, into], cwd=source, check=True, capture_output=True)
    (built,) = into.iterdir()
    return built


def clean_tree(into: Path) -> Path:
    """Return a copy of the tree without what only lies here: a build takes up what builds before it left."""
    return Path(shutil.copytree(ROOT, into, ignore=shutil.ignore_patterns(*NOT_TRACKED)))


def unpacked(sdist: Path, into: Path) -> Path:
    """Return the source tree that an sdist holds."""
    into.mkdir()
    subprocess.run(["tar", "-xf", sdist, "-C", into], check=True)
    (tree,) = into.iterdir()
    return tree


def contents(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel, without what tells of the wheel itself."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


@dataclass(frozen=True)
class Site:
    """An environment with the wheel in it, and how to run it: by nobody, in a folder that is not theirs."""

    environment: Path
    folder: Path
    """Where everything is run: readable, not writable, full of decoys."""
    data: Path
    """What nobody may write to."""

    @property
    def packages(self) -> Path:
        """Where the environment's packages are."""
        (found,) = self.environment.glob("lib/python*/site-packages")
        return found

    def command(self, name: str, *arguments: str) -> list[str]:
        """Return the command of a script of the environment."""
        return [str(self.environment / "bin" / name), *arguments]

    def how(self, **variables: str) -> dict[str, Any]:
        """Return how a process is started: as nobody, without a home or settings but these."""
        given = {"PATH": os.defpath, "IDENTITY_WORKER_DATA_DIR": str(self.data), **variables}
        return {"cwd": self.folder, "env": given, "text": True, **(as_nobody() if os.geteuid() == 0 else {})}

    def run(self, command: Sequence[str], **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        how = self.how(**variables)
        return subprocess.run(command, **how, capture_output=True, timeout=120, check=False)

    def pip(self, *arguments: str | Path) -> None:
        """Run pip as whoever installs."""
        command = [self.environment / "bin" / "pip", "--quiet", "--disable-pip-version-check", *arguments]
        subprocess.run(command, check=True)


def as_nobody() -> dict[str, Any]:
    """Return how a process of root's is started as nobody's."""
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}


def python() -> str:
    """Return a Python that nobody may run: root's own is often under a folder that only root may enter."""
    usable = [sys.executable, "/usr/bin/python3"]
    if os.geteuid() != 0:
        return usable[0]
    for each in usable:
        try:
            subprocess.run([each, "-c", "import ensurepip"], check=True, capture_output=True, **as_nobody())
        except (OSError, subprocess.CalledProcessError):
            continue
        return each
    raise AssertionError(f"nobody can run any of {usable}, with the package python3-venv")


def pins(*names: str) -> str:
    """Return the lines of requirements.txt that pin these packages."""
    blocks = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    return "\n".join(line for line in blocks if line.partition("==")[0] in names)


@contextmanager
def installed(wheel: Path, place: Path) -> Iterator[Site]:
    """Install a wheel with all that it needs, by hash, into a bare environment under `place`."""
    site = Site(place / "environment", place / "folder", place / "data")
    subprocess.run([python(), "-m", "venv", site.environment], check=True)
    (place / "pytest.txt").write_text(pins(*PYTEST))
    site.pip("install", "--require-hashes", "-r", ROOT / "requirements-run.txt", "-r", place / "pytest.txt")
    site.pip("install", "--no-deps", wheel)
    site.data.mkdir()
    if os.geteuid() == 0:
        os.chown(site.data, _NOBODY, _NOBODY)
    for name in DECOYS:
        (site.folder / name).mkdir(parents=True)
        (site.folder / name / "__init__.py").write_text(f"raise SystemExit('the folder has a {name}')")
    site.folder.chmod(0o555)
    try:
        yield site
    finally:
        site.folder.chmod(0o755)


@contextmanager
def started(
    site: Site, command: list[str], ends_with: int = 0, **variables: str
) -> Iterator["subprocess.Popen[str]"]:
    """Run a process for the length of the block; it must end as it should when it is told to."""
    with tempfile.TemporaryFile("w+") as log:
        how = site.how(**variables)
        with subprocess.Popen(command, **how, stdout=subprocess.PIPE, stderr=log) as process:
            try:
                yield process
                process.terminate()
                ended = process.wait(_DEADLINE)
            finally:
                process.kill()
        log.seek(0)
        assert ended == ends_with, log.read()


def first_line(process: "subprocess.Popen[str]") -> str:
    """Return the first line that a process writes."""
    return cast(IO[str], process.stdout).readline()


def until(condition: Callable[[], bool]) -> None:
    """Ask until something is so."""
    end = time.monotonic() + _DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.2)
