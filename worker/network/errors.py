"""Errors of reading or fetching a brief's picture. No text holds a URL's query."""

from config.errors import IdentityWorkerError


class FileRefusedError(IdentityWorkerError):
    """Raised when a picture may not be read, or is none; once more won't help."""


class FileUnavailableError(IdentityWorkerError):
    """Raised when a picture could not be had this time."""
