"""A rule for many things as one test: a thousand tests of a millisecond each would take ten seconds."""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def every(values: Iterable[T]) -> Callable[[Callable[[T], None]], Callable[[], None]]:
    """Make a test of a check: it is made of each value, and fails with all that break the rule."""

    def make(check: Callable[[T], None]) -> Callable[[], None]:
        def test() -> None:
            broken, seen = [], list(values)
            assert seen, "there is nothing to check"
            for value in seen:
                try:
                    check(value)
                except AssertionError as error:
                    broken.append(f"{value}: {error}")
            assert not broken, "\n".join(broken)

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return make
