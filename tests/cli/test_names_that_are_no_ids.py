"""Commands take a brief's id; of a name, or what stands in the metadata, they say which ids are meant."""

import pytest
from commandline import Command
from stepping import Flow

#: Each command that takes a brief, and what follows it.
TAKE = (
    "status {}",
    "why {}",
    "pick {} 1",
    "update {} --priority 1",
    "cancel {}",
    "retry {}",
    "resolve {} --resend",
)


@pytest.fixture
def flow(flow: Flow) -> Flow:
    """Some briefs of a name and of an article."""
    flow.accept(brief_id="ada-1", name="Ada", metadata={"sku": 4711})
    flow.accept(brief_id="ada-2", name="Ada")
    flow.accept(brief_id="eve", metadata={"sku": "4711", "shop": "Ulm"})
    return flow


@pytest.mark.usefixtures("flow")
@pytest.mark.parametrize("words", TAKE)
def test_a_name_is_answered_with_the_ids_that_are_meant(words: str, command: Command) -> None:
    answer = command(*words.format("ada").split())
    assert (answer.returncode, answer.stdout) == (1, "")
    told = "no brief ada is on record\nA command takes the id; so called are: "
    named = answer.stderr.removeprefix(f"identity-worker: {told}").strip()
    assert sorted(named.split(", ")) == ["ada-1", "ada-2"]


def test_a_number_of_an_article_is_found_in_the_metadata(command: Command, flow: Flow) -> None:
    assert "so called are: " in (told := command("why", "4711").stderr)
    assert {"ada-1", "eve"} == set(told.split(": ")[-1].strip().split(", "))
    for number in range(6):
        flow.accept(brief_id=f"many-{number}", name="Many")
    assert command("why", "Many").stderr.endswith(" and 1 more\n")
    assert "`identity-worker status` lists those that are" in command("why", "nobody").stderr
