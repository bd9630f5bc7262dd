"""Files for what must be kept."""

import os
from pathlib import Path

import pytest

from worker.store import folders


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write for others")
def test_what_root_writes_belongs_to_the_owner_of_its_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 10_001, 10_002)
    folders.write(tmp_path / "secret", "hush")
    folders.write(tmp_path / "new", "hush", new=True)
    for path in tmp_path.iterdir():
        found = path.stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (10_001, 10_002, 0o600)
