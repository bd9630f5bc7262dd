"""The rows of an account's limits, and those who read them."""

import inspect

from cli.commands.installation import limits as command
from config.limits import DEFAULTS, WINDOWS, windows_of


def test_each_limit_has_an_option() -> None:
    options = inspect.signature(command.command).parameters
    assert [name for name in DEFAULTS if name not in options] == []


def test_the_first_window_of_an_endpoint_has_the_name_of_stored_keys() -> None:
    assert [window.name for window in windows_of("create")][:1] == ["create"]
    assert len({window.name for window in WINDOWS}) == len(WINDOWS)
