"""The namespace as it is set: what it may be called, and what is said of one that it may not."""

import pytest

from config.errors import SettingsError
from config.namespace import LONGEST, NamespaceError, check, given
from config.settings import Settings, settings

RIGHT = {
    "": "",
    "studio": "studio:",
    "studio:": "studio:",
    "{studio}": "{studio}:",
    "{studio}:": "{studio}:",
    "{studio:0}:": "{studio:0}:",
    "eu:{studio}:live": "eu:{studio}:live:",
    "A.b_c-9": "A.b_c-9:",
}
WRONG = (
    *(":", "::", "studio::", ":studio", "a::b", " ", "two words", "stu*dio", "100%", "é", "a\nb", "a/b"),
    *("{", "}", "{}", "{studio", "studio}", "}studio{", "{{studio}}", "{a}{b}", "{a}:{b}", "a{b}", "{a}b"),
    *("identity", "dramatiq:", "{identity}", "studio:identity:batch"),
    "x" * (LONGEST + 1),
)


@pytest.mark.parametrize("value", RIGHT)
def test_a_namespace_ends_with_one_colon_however_it_is_written(value: str) -> None:
    assert check(value) == RIGHT[value]
    assert check(RIGHT[value]) == RIGHT[value]
    assert Settings(namespace=value).namespace == RIGHT[value]


@pytest.mark.parametrize("value", WRONG)
def test_a_wrong_one_is_refused_in_one_line_with_its_value(value: str) -> None:
    with pytest.raises(NamespaceError) as error:
        check(value)
    assert repr(value[:LONGEST]) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_wrong_one_is_told_with_the_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_WORKER_NAMESPACE", "stu dio")
    settings.cache_clear()
    with pytest.raises(SettingsError) as error:
        settings()
    settings.cache_clear()
    (wrong,) = error.value.wrong
    assert wrong.startswith("IDENTITY_WORKER_NAMESPACE: 'stu dio' must be at most 64 letters")


def test_the_variable_is_found_whatever_its_case_and_none_is_no_namespace() -> None:
    assert given({"identity_worker_namespace": "studio"}) == "studio:"
    assert given({"IDENTITY_WORKER_NAMESPACE": ""}) == ""
    assert given({}) == ""
