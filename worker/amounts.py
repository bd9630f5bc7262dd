"""Counts and credits as people read them."""


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: `1 slot`, `2 slots`; `many` where an s does not make the plural."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def credits_text(amount: float) -> str:
    """Return an amount of credits with one decimal at the most, none where it is whole."""
    return f"{round(amount, 1):.15g}"
