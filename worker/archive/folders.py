"""The folder of each batch in the archive, which no other batch has, on no file system.

If two batches differ by case alone, the second one to come is given a digest, which the export looks for too.
Two archivers at once may put both in one folder on a file system that takes them for the same name; even then
their briefs' folders in it are apart.
"""

from threading import Lock

from worker.export.pictures import batch_folder, folder_apart
from worker.places.names import folded
from worker.places.target import Target


class BatchFolders:
    """The folders of batches at a place; by several threads at once."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._chosen: dict[str | None, str] = {}
        self._lock = Lock()

    def of(self, batch: str | None) -> str:
        """Return a batch's folder, from now on the same; raises TargetError."""
        with self._lock:
            if batch not in self._chosen:
                self._chosen[batch] = self._free(batch)
            return self._chosen[batch]

    def _free(self, batch: str | None) -> str:
        plain = batch_folder(batch)
        there = {*self._target.folders(), *self._chosen.values()}
        if plain in there or folded(plain) not in map(folded, there):
            return plain
        return folder_apart(batch)
