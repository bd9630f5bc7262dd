"""An installation with a folder of reference images, which holds a photo."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.pictures.draw import draw

LOOKS: dict[str, Any] = {"appearance": {"skin": "dark"}, "hair": {"color": "pink", "length": "long"}}


@pytest.fixture(scope="session")
def photo() -> bytes:
    return draw({**LOOKS, "options": {"size": "1K", "ar": "1:1", "format": "jpg"}}, "s", 0)


@pytest.fixture
def folder(tmp_path: Path, photo: bytes) -> Path:
    """The installation's folder of reference images, with a photo and two moods."""
    path = tmp_path / "references"
    (path / "moods").mkdir(parents=True)
    (path / "ada.jpg").write_bytes(photo)
    (path / "moods" / "one.png").write_bytes(b"\x89PNG\r\n\x1a\n one")
    (path / "moods" / "two.webp").write_bytes(b"RIFF....WEBP two")
    return path


@pytest.fixture
def environment(environment: dict[str, str], folder: Path) -> dict[str, str]:
    return {**environment, "IDENTITY_WORKER_REFERENCE_DIR": str(folder)}
