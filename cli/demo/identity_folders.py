"""The folders that a run of the demo leaves, one for each identity."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from worker.export import provenance
from worker.piktid.pictures import Picture


def write(folder: Path, metadata: dict[str, Any], picture: Picture) -> None:
    """Write an identity's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"picture{picture.suffix}"
    (folder / name).write_bytes(picture.content)
    (folder / "metadata.json").write_bytes(provenance.text_of(metadata | {"picture": name}))


def remove(folder: Path) -> None:
    """Remove what `write` wrote; a folder that holds anything else stays, with that."""
    for path in (folder / "metadata.json", *folder.glob("picture.*")):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
