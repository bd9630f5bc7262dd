"""The summary of a run of the demo: the content of `summary.json`, and the table that is printed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from cli.render.lines import detail
from config.text import counted, credits_text, printable
from worker.views.models import BriefView
from worker.views.outbox import CloudEvent

_HEADINGS = ("BRIEF", "IDENTITY", "IDENTITY_CODE", "DRAFTS", "CREDITS")
_NUMBERS = _HEADINGS[3:]
#: Columns for the names of identities, at the most and beside long ids; longer names are cut.
_NAME_WIDTH, _LEAST_NAME = 23, 8


def summarize(
    briefs: Sequence[BriefView],
    names: Mapping[str, str],
    events: Sequence[CloudEvent],
    account: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the summary of a run.

    `names` are those of the identities by code, as the API has them; `account` is the account in the
    sandbox's ledger.
    """
    rows = [_brief(brief, names) for brief in briefs]
    requests: dict[str, dict[str, int]] = account["requests"]
    return {
        "ok": all(row["state"] == "done" for row in rows),
        "briefs": rows,
        "totals": {
            "briefs": len(rows),
            "identities": sum(len(row["identities"]) for row in rows),
            "drafts": sum(row["drafts"] for row in rows),
            "credits": sum(row["credits"] for row in rows),
            "most_jobs_in_flight": account["max_jobs_in_flight"],
            "answers_429": sum(answers.get("429", 0) for answers in requests.values()),
            "events": dict(Counter(event.type for event in events)),
        },
    }


def _brief(brief: BriefView, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "brief_id": brief.brief_id,
        "name": brief.name,
        "batch": brief.batch,
        "state": brief.state,
        "error": None if brief.state == "done" else detail(brief),
        "job_id": brief.job_id,
        "drafts": len(brief.drafts),
        "credits": brief.credits,
        "seconds_since_accepted": round((brief.moved_at - brief.accepted_at) / 1000, 1),
        "identities": [{"identity_code": code, "name": names.get(code, "")} for code in brief.identity_codes],
    }


def table(summary: Mapping[str, Any], width: int) -> RenderableType:
    """Return a summary as a table of briefs and identities `width` wide, with the totals below.

    What went wrong with a brief stands whole under its row, where a column of Rich's tables would cut it.
    """
    briefs = summary["briefs"]
    widths = _widths(briefs, width)
    rows = [each for brief in briefs for each in _rows(brief, widths)]
    return Group(_row(_HEADINGS, widths, "bold"), *rows, Text(), *_totals(summary["totals"]))


def _widths(briefs: Sequence[Mapping[str, Any]], width: int) -> list[int]:
    """Return the columns' widths: codes and numbers are whole, then ids, and names get what is left."""
    codes = [len(identity["identity_code"]) for brief in briefs for identity in brief["identities"]]
    fixed = [max(len(_HEADINGS[2]), *codes, 0), len(_HEADINGS[3]), len(_HEADINGS[4])]
    room = width - sum(fixed) - len(fixed) - 1
    ids = max(len(_HEADINGS[0]), min(max(len(brief["brief_id"]) for brief in briefs), room - _LEAST_NAME))
    return [ids, max(_LEAST_NAME, min(_NAME_WIDTH, room - ids)), *fixed]


def _rows(brief: Mapping[str, Any], widths: Sequence[int]) -> Iterator[RenderableType]:
    """Yield a row for each identity; what is the brief's own stands in the first one only."""
    numbers = str(brief["drafts"]), credits_text(brief["credits"])
    if not brief["identities"]:
        yield _row((brief["brief_id"], brief["state"], "", *numbers), widths, "red")
    for place, identity in enumerate(brief["identities"]):
        what = printable(identity["name"]), identity["identity_code"]
        yield _row((brief["brief_id"], *what, *numbers) if place == 0 else ("", *what, "", ""), widths)
    if brief["error"]:
        yield Padding(Text(printable(brief["error"]), style="red"), (0, 0, 0, 2))


def _row(cells: Sequence[str], widths: Sequence[int], style: str = "") -> Text:
    row = Text(no_wrap=True)
    for heading, cell, width in zip(_HEADINGS, cells, widths, strict=True):
        text = Text(cell, style=style)
        text.truncate(width, overflow="ellipsis")
        text.align("right" if heading in _NUMBERS else "left", width)
        row.append_text(text).append(" ")
    return row


def _totals(totals: Mapping[str, Any]) -> list[Text]:
    events = ", ".join(
        f"{type_.removeprefix('identity.')} {count}" for type_, count in totals["events"].items()
    )
    return [
        Text(
            f"{counted(totals['briefs'], 'brief')}, {counted(totals['drafts'], 'draft')}, "
            f"{counted(totals['identities'], 'identity', 'identities')}, "
            f"{credits_text(totals['credits'])} credits, {totals['seconds']} seconds"
        ),
        Text(
            f"As the sandbox saw it: at most {totals['most_jobs_in_flight']} jobs in flight, "
            f"{totals['answers_429']} answers 429"
        ),
        Text(f"Events: {events}"),
    ]
