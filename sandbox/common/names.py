"""What accounts are called."""

TOKEN_PREFIX = "sandbox-"  # noqa: S105  # the form of a token, not one


def account_name(text: str) -> str:
    """The full name of an account, for `NAME` as for `sandbox-NAME`; the controls take both."""
    return text if text.startswith(TOKEN_PREFIX) else TOKEN_PREFIX + text
