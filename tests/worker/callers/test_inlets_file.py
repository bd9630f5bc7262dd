"""The file of the further inlets: what it may say, and how errors name what is wrong."""

from pathlib import Path

import pytest
import redis

from config.settings import Settings
from worker.callers import health, inlets
from worker.callers.inlets import InletsError
from worker.operations.doctor import Health


def written(folder: Path, text: str) -> Path:
    file = folder / "inlets.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_table_says_what_an_inlet_may_use(tmp_path: Path) -> None:
    file = written(tmp_path, '[partner]\naccounts = ["shop"]\npriority = 5\ncredits_a_day = 120\n[other]\n')
    partner, other = inlets.read(file).values()
    assert (partner.accounts, partner.priority, partner.credits_a_day) == (("shop",), 5, 120.0)
    assert (other.name, other.accounts, other.priority, other.credits_a_day) == ("other", (), 100, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[briefs]", "name 'briefs': is a queue of the worker's own"),
        ("[a b]", "is no TOML"),
        ('["a b"]', "name 'a b': letters, digits, _ and -"),
        ("partner = 1", "[partner] is no table"),
        ("[partner]\naccount = ['a']", "account: is no field of an inlet; the nearest is accounts"),
        ("[partner]\naccounts = 'a'", "accounts: a list of names in quotes"),
        ("[partner]\naccounts = ['a b']", "account 'a b': is no name that an account may have"),
        ("[partner]\npriority = 5.5", "priority: a whole number"),
        ("[partner]\npriority = 500", "priority 500: a whole number from -100 to 100"),
        ("[partner]\ncredits_a_day = true", "credits_a_day: a number"),
        ("[partner]\ncredits_a_day = 0", "credits a day 0: a number above 0"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_table(tmp_path: Path, text: str, told: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(InletsError) as error:
        inlets.read(file)
    assert str(error.value).startswith(f"IDENTITY_WORKER_INLETS: {file}")
    assert told in str(error.value)


def test_doctor_says_of_each_what_waits_and_what_is_wrong(client: "redis.Redis", tmp_path: Path) -> None:
    def checked(text: str) -> list[tuple[Health, str]]:
        values = Settings(inlets=written(tmp_path, text))
        return [(each.health, each.said) for each in health.checks(client, values, ["shop"])]

    assert list(health.checks(client, Settings(), ["shop"])) == []
    assert checked('[partner]\naccounts = ["shop"]') == [(Health.OK, "partner: 0 messages wait")]
    (health_, said), *_ = checked('[partner]\naccounts = ["shop", "gone"]')
    assert (health_, said) == (Health.WARN, "partner may use gone, which is no account here; 0 messages wait")
    (_, said), *_ = checked('[partner]\naccounts = ["studio", "gone"]')
    assert said == "partner may use gone, studio, which are no accounts here; 0 messages wait"
    assert [each for each, _ in checked("[briefs]")] == [Health.FAIL]
