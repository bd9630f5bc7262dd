"""What is installed is pinned by hash: what the tree uses, and what an installation runs."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
#: Of an image, as docs/deploying.md names them.
IN_IMAGE = ("embedded", "http2", "otel", "s3", "sandbox")
RUN = [*PROJECT["dependencies"], *(each for extra in IN_IMAGE for each in EXTRAS[extra])]
WANTED = {"requirements.txt": [*RUN, *EXTRAS["dev"]], "requirements-run.txt": RUN}


def pins(file: str) -> dict[str, str]:
    """The pinned packages of a file, each with its version and hashes on one line."""
    text = (ROOT / file).read_text(encoding="utf-8").replace("\\\n", "")
    return {line.partition("==")[0]: line for line in text.splitlines() if not line.startswith("#")}


@pytest.mark.parametrize("file", WANTED)
def test_each_wanted_package_is_pinned_by_hash_and_from_no_index(file: str) -> None:
    wanted = {re.split(r"[\[<>=~!]", each)[0] for each in WANTED[file]}
    assert wanted - set(pins(file)) == set(), "run: make requirements"
    assert [name for name, line in pins(file).items() if "--hash=sha256:" not in line] == []
    assert "://" not in (ROOT / file).read_text(encoding="utf-8")


def test_an_installation_runs_what_is_tested_here() -> None:
    assert set(pins("requirements-run.txt").items()) <= set(pins("requirements.txt").items())
