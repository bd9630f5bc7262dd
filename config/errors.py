"""The root of every exception that this project defines."""


class IdentityWorkerError(Exception):
    """Any error of this project; the classes below it end in `Error` and say when they are raised."""
