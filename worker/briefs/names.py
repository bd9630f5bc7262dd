"""Facts about a brief's fields for code that should not import their models, which takes long."""

#: Longest name of identities, in characters.
MAX_NAME = 200
#: The groups that describe a face; one filled field among them, or a prompt, makes an instruction.
GROUPS = ("appearance", "face", "hair")


def is_url(source: str) -> bool:
    """Return whether the source of a picture is a URL and not a path."""
    return "://" in source
