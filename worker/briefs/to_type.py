"""Commands about a brief as a person types them, with the brief's id in them."""

import shlex


def answers(brief_id: str, *, job: bool) -> str:
    """Return the command that answers a brief's question."""
    options = f"{'--adopt JOB|' if job else ''}--resend|--give-up"
    if brief_id.startswith("-"):
        return f"identity-worker resolve {options} {argument(brief_id)}"
    return f"identity-worker resolve {brief_id} {options}"


def argument(brief_id: str) -> str:
    """Return an id as an argument of a command: quoted, and behind `--` where it begins as an option does."""
    return f"-- {shlex.quote(brief_id)}" if brief_id.startswith("-") else shlex.quote(brief_id)
