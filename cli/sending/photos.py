"""Opens the pictures that briefs name before anything is sent, where this machine can see them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from config.settings import Settings
from config.text import counted
from worker.briefs.brief import Brief
from worker.briefs.faults import Fault, fault
from worker.briefs.names import is_url
from worker.files import named_files
from worker.network.errors import FileRefusedError, FileUnavailableError


@dataclass(frozen=True)
class Photos:
    """How many pictures the briefs name, each source counted once."""

    opened: int
    unusable: int
    """Of those that were opened; each is a fault of the briefs that name it."""
    urls: int
    """They are not fetched here: the worker that prepares the brief does."""
    unseen: int
    """Paths under a folder that this machine does not have; the workers that do open them."""
    types: dict[str, int] = field(default_factory=dict)
    """How many there are of each type (jpeg, png, webp), of those that can be used."""
    bytes: int = 0
    """The size of those together."""

    def __str__(self) -> str:
        told = [f"{self.opened} opened"] if self.opened else []
        if self.types:
            types = " and ".join(f"{count} {kind.upper()}" for kind, count in self.types.items())
            told.append(f"{types} of {self.bytes / 1e6:.1f} MB together")
        if self.unusable:
            told.append(f"{self.unusable} of them can't be used")
        if self.urls:
            told.append(f"{counted(self.urls, 'URL')} checked for form only, not fetched")
        if self.unseen:
            told.append(
                f"{self.unseen} not opened: IDENTITY_WORKER_REFERENCE_DIR names no folder on this machine"
            )
        return ", ".join(told)


class PhotoCheck:
    """Opens each picture once, whatever the number of briefs that name it."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.reference_dir
        self._folder = folder if folder and folder.is_dir() else None
        self._most = settings.max_upload_bytes
        self._wrong: dict[str, str | None] = {}
        self._types: Counter[str] = Counter()
        self._bytes = 0

    def faults(self, brief: Brief) -> list[Fault]:
        """Return what is wrong with the pictures of a valid brief."""
        return [
            fault(where, source, f"must be a picture that can be used; {why}")
            for where, source in _pictures(brief)
            if (why := self._why_not(source)) is not None
        ]

    def found(self) -> Photos:
        """Return what was found so far."""
        urls = sum(map(is_url, self._wrong))
        local = len(self._wrong) - urls
        return Photos(
            opened=local if self._folder else 0,
            unusable=sum(why is not None for why in self._wrong.values()),
            urls=urls,
            unseen=0 if self._folder else local,
            types=dict(self._types),
            bytes=self._bytes,
        )

    def _why_not(self, source: str) -> str | None:
        if source not in self._wrong:
            self._wrong[source] = None if is_url(source) or self._folder is None else self._opened(source)
        return self._wrong[source]

    def _opened(self, source: str) -> str | None:
        if self._folder is None:
            return None
        try:
            picture, size = named_files.check_local(self._folder, source, max_bytes=self._most)
        except (FileRefusedError, FileUnavailableError) as error:
            return str(error)
        self._types[picture.content_type.removeprefix("image/")] += 1
        self._bytes += size
        return None


def _pictures(brief: Brief) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield where in the brief a picture is named, and its path or URL."""
    if brief.reference_image is not None:
        yield ("reference_image",), brief.reference_image
    for index, instruction in enumerate(brief.instructions):
        for number, asset in enumerate(instruction.input_assets):
            if asset.file is not None:
                yield ("instructions", index, "input_assets", number, "file"), asset.file
