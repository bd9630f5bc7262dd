"""Shards as they are set, and in which of them an account lives."""

from collections import Counter

import pytest

from config.errors import SettingsError
from config.namespace import given
from config.redis_url import hash_tag
from config.settings import settings
from config.shards import ShardError, namespace_of, read_shards, shard_of

NAMES = [f"account-{number}" for number in range(4_000)]


def test_an_account_lives_where_it_did_in_every_earlier_version() -> None:
    """Moved otherwise, it would be looked for where it is not."""
    names = ("default", "shop", "studio-9", "a")
    assert [shard_of(name, 4) for name in names] == [2, 1, 3, 1]
    assert {shard_of(name, 1) for name in NAMES} == {0}


def test_accounts_are_spread_evenly() -> None:
    number = Counter(shard_of(name, 8) for name in NAMES)
    assert sorted(number) == list(range(8))
    assert max(number.values()) < 1.2 * min(number.values())


def test_one_shard_more_moves_its_share_and_nothing_between_the_others() -> None:
    moved = {name: shard_of(name, 5) for name in NAMES if shard_of(name, 4) != shard_of(name, 5)}
    assert set(moved.values()) == {4}
    assert 0.17 < len(moved) / len(NAMES) < 0.23


def test_each_shard_has_a_slot_and_the_first_the_namespaces() -> None:
    names = [namespace_of("eu:{studio}:live:", shard) for shard in range(3)]
    assert names == ["eu:{studio}:live:", "eu:{studio:1}:live:", "eu:{studio:2}:live:"]
    assert [hash_tag(name) for name in names] == ["studio", "studio:1", "studio:2"]


def test_a_process_of_a_shard_has_its_keys() -> None:
    environment = {"IDENTITY_WORKER_NAMESPACE": "{studio}", "IDENTITY_WORKER_SHARDS": "4"}
    assert given(environment) == "{studio}:"
    assert given(environment | {"identity_worker_shard": "3"}) == "{studio:3}:"


def test_shards_are_named_by_numbers_and_ranges() -> None:
    assert read_shards("0,2-3", 4) == [0, 2, 3]
    assert read_shards(" 1 ", 2) == [1]


@pytest.mark.parametrize("text", ["", "a", "4", "2-1", "0-4", "-1", "1,,2", "0x1"])
def test_shards_that_are_not_there_are_refused_with_the_rule(text: str) -> None:
    with pytest.raises(ShardError, match="must be numbers from 0 to 3 and ranges of them, as 0,2-3"):
        read_shards(text, 4)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        (
            {"SHARDS": "2"},
            "IDENTITY_WORKER_SHARDS: above 1, set IDENTITY_WORKER_NAMESPACE to a name in braces",
        ),
        (
            {"SHARDS": "2", "NAMESPACE": "studio"},
            "IDENTITY_WORKER_SHARDS: above 1, set IDENTITY_WORKER_NAMESP",
        ),
        (
            {"SHARDS": "2", "NAMESPACE": "{studio}", "SHARD": "2"},
            "IDENTITY_WORKER_SHARD: must be less than 2",
        ),
        ({"SHARD": "1"}, "IDENTITY_WORKER_SHARD: must be less than 1, which IDENTITY_WORKER_SHARDS says"),
    ],
)
def test_what_is_set_wrongly_is_told(
    environment: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"IDENTITY_WORKER_{name}", value)
    settings.cache_clear()
    with pytest.raises(SettingsError) as error:
        settings()
    settings.cache_clear()
    assert [wrong[: len(told)] for wrong in error.value.wrong] == [told]
