"""The wheel of a clean tree, built and installed once for all tests of it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from installation import Site, build, clean_tree, installed


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="wheel-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def tree(place: Path) -> Path:
    """A clean copy of the tree."""
    return clean_tree(place / "tree")


@pytest.fixture(scope="session")
def wheel(place: Path, tree: Path) -> Path:
    """The wheel that the tree makes, in which builds of other versions have left theirs."""
    for left in ("actors/__init__.py", "identity_worker/_rooms/worker/lua/lib/9_old.lua"):
        (tree / "build/lib" / left).parent.mkdir(parents=True, exist_ok=True)
        (tree / "build/lib" / left).touch()
    return build("wheel", tree, place / "wheel")


@pytest.fixture(scope="session")
def site(place: Path, wheel: Path) -> Iterator[Site]:
    """The wheel, installed."""
    with installed(wheel, place) as site:
        yield site
