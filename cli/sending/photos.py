"""Opens the pictures that briefs name before anything is sent, where this machine can see them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from cli.sending.outgoing import Outgoing, Status
from config.settings import Settings
from config.text import counted
from worker.briefs.brief import Brief
from worker.briefs.faults import Fault, fault
from worker.briefs.sources import is_url
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

    def __str__(self) -> str:
        told = [f"{self.opened} opened"] if self.opened else []
        if self.unusable:
            told.append(f"{self.unusable} of them can't be used")
        if self.urls:
            told.append(f"{counted(self.urls, 'URL')} checked for form only, not fetched")
        if self.unseen:
            told.append(
                f"{self.unseen} not opened: IDENTITY_WORKER_REFERENCE_DIR names no folder on this machine"
            )
        return ", ".join(told)


def check(briefs: Iterable[Outgoing], settings: Settings) -> Photos:
    """Open the pictures of the valid briefs; a brief with one that can't be used becomes a bad one."""
    folder = settings.reference_dir if settings.reference_dir and settings.reference_dir.is_dir() else None
    seen: set[str] = set()

    @cache
    def wrong(source: str) -> str | None:
        if folder is None:
            return None
        try:
            named_files.check_local(folder, source, max_bytes=settings.max_upload_bytes)
        except (FileRefusedError, FileUnavailableError) as error:
            return str(error)
        return None

    for each in briefs:
        if each.brief is None or each.status is not Status.VALID:
            continue
        named = list(_pictures(each.brief))
        seen.update(source for _, source in named)
        each.faults += [
            _fault(where, source, why)
            for where, source in named
            if not is_url(source) and (why := wrong(source)) is not None
        ]
        if each.faults:
            each.status = Status.BAD
    local = [source for source in seen if not is_url(source)]
    return Photos(
        opened=len(local) if folder else 0,
        unusable=sum(wrong(source) is not None for source in local),
        urls=len(seen) - len(local),
        unseen=0 if folder else len(local),
    )


def _pictures(brief: Brief) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield where in the brief a picture is named, and its path or URL."""
    if brief.reference_image is not None:
        yield ("reference_image",), brief.reference_image
    for index, instruction in enumerate(brief.instructions):
        for number, asset in enumerate(instruction.input_assets):
            if asset.file is not None:
                yield ("instructions", index, "input_assets", number, "file"), asset.file


def _fault(where: tuple[str | int, ...], source: str, why: str) -> Fault:
    return fault(where, source, f"must be a picture that can be used; {why}")
