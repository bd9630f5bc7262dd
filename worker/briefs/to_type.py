"""Commands about a brief as a person types them, with the brief's id in them."""

import shlex
from collections.abc import Sequence

#: Stands for the id of a job that is not known.
ANY_JOB = "JOB"


def answers(brief_id: str, *, jobs: Sequence[str]) -> list[str]:
    """Return the commands of which each answers a brief's question; `jobs` are those that may be its own."""
    options = [f"--adopt {shlex.quote(job)}" for job in jobs] + ["--resend", "--give-up"]
    name = argument(brief_id)
    if brief_id.startswith("-"):
        return [f"identity-worker resolve {option} {name}" for option in options]
    return [f"identity-worker resolve {name} {option}" for option in options]


def in_words(commands: Sequence[str]) -> str:
    """Return commands as a part of a sentence, by one of which something is done."""
    *first, last = (f"`{command}`" for command in commands)
    return f"{', '.join(first)} or {last}" if first else last


def argument(brief_id: str) -> str:
    """Return an id as an argument of a command: quoted, and behind `--` where it begins as an option does."""
    return f"-- {shlex.quote(brief_id)}" if brief_id.startswith("-") else shlex.quote(brief_id)
