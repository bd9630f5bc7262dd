"""What the reading of a brief's picture can end in, other than its bytes. No text holds a URL's query."""


class FileRefused(Exception):
    """Raised when a picture may not be read, or is none; once more won't help."""


class FileUnavailable(Exception):
    """Raised when a picture could not be had this time."""
