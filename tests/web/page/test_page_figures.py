"""What is made of what was read: words for a person, bars of a plot, completions of a line."""

from dataclasses import replace

import pytest

from web.page.figures.cards import pause_text, runs_out_text, stream_text
from web.page.figures.completing import completions
from web.page.figures.plots import HEIGHT, WIDTH, plots
from web.page.figures.recent import Recent
from web.page.visiting.rendering import spoken
from web.page.visiting.visit import own_path
from worker.forecast.running_out import RunsOut
from worker.metrics.hours import Hours
from worker.metrics.measures import StreamMeasures
from worker.views.account import PauseView

STREAM = StreamMeasures(opened=1, broken=0, connected_ms=90_000, heard_ms=1_000)


@pytest.mark.parametrize(
    ("stream", "followed", "told"),
    [
        (None, False, "nobody follows them"),
        (None, True, "the stream is not open"),
        (STREAM, True, "open for 1m"),
        (replace(STREAM, broken=2), True, "open for 1m, 2 gaps so far"),
        (replace(STREAM, stalled=1), True, "open, and something holds it back"),
        (replace(STREAM, heard_ms=300_000), True, "open, silent for 5m"),
        (replace(STREAM, connected_ms=None), True, "the stream is not open"),
    ],
)
def test_how_a_stream_stands_is_told_in_words(stream: StreamMeasures, followed: bool, told: str) -> None:
    assert stream_text(stream, followed=followed) == told


def test_what_runs_out_is_told_with_its_time() -> None:
    some = RunsOut("credits", 3, 10, 7_200_000)
    told = "credits are enough for 3 of the 10 briefs waiting, and used up then"
    assert runs_out_text(some, 0) == f"{told}, in about 2h"
    assert runs_out_text(replace(some, at=None), 0) == told
    assert runs_out_text(replace(some, enough_for=0), 0).startswith("credits are used up")


def test_a_pause_tells_what_ends_it() -> None:
    refused = PauseView(120_000, "401: who?", refusals=2)
    assert pause_text("pause", refused, 0) == "the account is paused, tried again in 2m: 401: who?"
    assert "goes on in 2m" in pause_text("create", refused._replace(refusals=0), 0)


def test_the_bars_of_a_plot_fill_it() -> None:
    hours = Hours(1_800_000, (1, 2, 3, 4), (1, 0, 0, 3), (0, 2, 4, 0), (1, 1, 0, 3))
    ended, still_open = plots(hours)
    assert [bar.height for bar in ended.bars] == [HEIGHT / 2, HEIGHT]
    assert [bar.x for bar in ended.bars] == [WIDTH / 4, WIDTH / 2]
    assert (ended.told, still_open.top) == ("4 finished in the last hour, 6 in the last 2 hours.", 3)


def test_values_are_completed_and_what_stands_before_is_kept() -> None:
    assert completions("state:held bat", [], []) == ["state:held batch:"]
    assert completions("account:s", ["shop", "other"], []) == ["account:shop"]
    assert completions('batch:"a', [], ["a b"]) == ['batch:"a b"']
    assert completions("state:held", [], []) == []


def test_commands_in_a_text_are_marked_and_nothing_else_is_let_in() -> None:
    assert spoken("say `<b>` & go") == "say <code>&lt;b&gt;</code> &amp; go"


@pytest.mark.parametrize("text", ["//x", "/\\x", "https://x", "x", "", "/a\nb"])
def test_an_address_of_others_leads_to_the_first_view(text: str) -> None:
    assert own_path(text) == "/"
    assert own_path("/briefs?filter=a") == "/briefs?filter=a"


def test_what_was_just_found_is_not_looked_for_again() -> None:
    asked: list[int] = []

    def find() -> int:
        asked.append(1)
        return len(asked)

    kept, fleeting = Recent(60), Recent(-1)
    assert [kept.get("a", find), kept.get("a", find), kept.get("b", find)] == [1, 1, 2]
    assert fleeting.get("a", find) < fleeting.get("a", find)
    kept.forget("b")
    assert (kept.get("a", find), kept.get("b", find)) == (1, 5)
