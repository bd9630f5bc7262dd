"""What a place for files is: its methods, and the error that they raise."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, Protocol

from config.errors import IdentityWorkerError


class TargetError(IdentityWorkerError):
    """Raised when files can't be written to a target or read from it; says where and why."""


class There(NamedTuple):
    """A file of a target: its path below it, with `/`, and its size in bytes."""

    path: str
    size: int


class Target(Protocol):
    """A place for files. Paths are relative, with `/`; every method raises TargetError."""

    @property
    def name(self) -> str:
        """Return the place's absolute name, without any secret: the same for the same place."""

    def files(self, prefix: str) -> Iterator[There]:
        """Yield the files below a folder; of one that is not there, none."""

    def read(self, path: str) -> bytes | None:
        """Return a file, None where there is none."""

    def copy(self, path: str, to: BinaryIO) -> bool:
        """Copy a file, however large, into one that is open; return whether it is there.

        What that other one refuses is an OSError, as that is not this place's fault.
        """

    def folders(self) -> list[str]:
        """Return the names of the folders at the top."""

    def write(self, path: str, content: bytes | BinaryIO) -> None:
        """Write a file whole, its bytes or the rest of one that is open; replaces the one there."""


def copied(parts: Iterator[bytes], to: BinaryIO) -> bool:
    """Write the parts of a file into one that is open; return whether there were any."""
    found = False
    for part in parts:
        found = True
        to.write(part)
    return found
