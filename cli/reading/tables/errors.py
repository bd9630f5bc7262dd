"""The error of a table that was asked for wrongly."""

from config.errors import IdentityWorkerError


class UsageError(IdentityWorkerError):
    """Raised before anything is sent for what no row can mend: an unknown column, a missing extra."""
