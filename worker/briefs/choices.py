"""What a brief may choose between, in the words that briefs, records and readers share."""

from enum import StrEnum


class Choose(StrEnum):
    """Which finished drafts of an instruction become identities."""

    #: The first one, so that each instruction yields one identity.
    FIRST = "first"
    #: Every one: as many slots and preprocessing charges as there are variations.
    ALL = "all"
    #: The one that a person picks; the brief waits for that.
    MANUAL = "manual"
    #: The one that is best by the rules of `worker/choosing/best.py`, by what is seen in its picture.
    BEST = "best"


#: The prefix of a rule that is a plug-in, which looks at the pictures as `best` does.
PLUGIN = "plugin:"
PLUGIN_RULE = rf"{PLUGIN}[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}"


def is_judged(rule: str) -> bool:
    """Return whether a rule looks at the pictures; where it can't, a person decides."""
    return rule == Choose.BEST or rule.startswith(PLUGIN)


class BriefKind(StrEnum):
    """What a brief asks for."""

    #: Drafts, and an identity of each that is chosen.
    IDENTITY = "identity"
    #: The description of its photo alone, as a body that can be sent later.
    DESCRIPTION = "description"
    #: An identity of an existing portrait, without drafts.
    IMPORT = "import"


class OnNameTaken(StrEnum):
    """What to do when one of the account's identities already has the name."""

    #: Take the next free one: "Spring", "Spring 2", "Spring 3".
    SUFFIX = "suffix"
    #: End the promotion as failed.
    FAIL = "fail"
