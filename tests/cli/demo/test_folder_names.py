"""What the API calls an identity never becomes a path."""

import pytest

from cli.demo.folder_names import folder_name


@pytest.mark.parametrize("code", ["abc1234567xy", "id_xyz", "PiktidSummer", "a-b", "x" * 64])
def test_a_plain_code_is_its_folder_s_name(code: str) -> None:
    assert folder_name(code) == code


@pytest.mark.parametrize(
    "code",
    [
        *("../../x", "/etc", "..", ".", ".hidden", "", "a/b", "a\\b", "-rf", "a b", "a\nb", "a\x00b"),
        *("CON", "com1", "nul", "C:", "é", "\ud800", "a.a.", "x" * 65),
    ],
)
def test_any_other_becomes_one_safe_name(code: str) -> None:
    name = folder_name(code)
    assert name.replace("-", "").replace("_", "").isalnum()
    assert name.isascii()
    assert len(name) <= 64
    assert name[0] != "-"
    assert name.lower() not in {"con", "com1", "nul"}


def test_different_codes_have_different_folders() -> None:
    assert len({folder_name(code) for code in ("a/b", "a-b", "a b", "a\\b", "../a-b")}) == 5
