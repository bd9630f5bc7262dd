"""What came of a run of the demo: the content of `summary.json`, and the table that a person sees."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.common import printable
from cli.drawing import detail
from worker.events import CloudEvent
from worker.view_models import BriefView

#: Columns for the names of identities; longer ones are cut.
_NAME_WIDTH = 23


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
        "seconds": round((brief.moved_at - brief.accepted_at) / 1000, 1),
        "identities": [{"identity_code": code, "name": names.get(code, "")} for code in brief.identity_codes],
    }


def table(summary: Mapping[str, Any], width: int) -> RenderableType:
    """Return a summary as a table of briefs and identities at most `width` wide, with the totals below."""
    rows = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    # Codes are whole at any width, since they are there to be copied; ids and names are in the files too.
    others = _NAME_WIDTH + len("IDENTITY_CODE") + len("DRAFTS") + len("CREDITS") + 4
    rows.add_column("BRIEF", no_wrap=True, overflow="ellipsis", max_width=max(12, width - others))
    rows.add_column("IDENTITY", no_wrap=True, overflow="ellipsis", max_width=_NAME_WIDTH)
    rows.add_column("IDENTITY_CODE", no_wrap=True)
    rows.add_column("DRAFTS", justify="right")
    rows.add_column("CREDITS", justify="right")
    for brief in summary["briefs"]:
        _add_rows(rows, brief)
    return Group(rows, Text(), *_totals(summary["totals"]))


def _add_rows(rows: Table, brief: Mapping[str, Any]) -> None:
    """Add a row for each identity; what is the brief's own stands in the first one only."""
    numbers = str(brief["drafts"]), f"{brief['credits']:g}"
    if not brief["identities"]:
        rows.add_row(Text(brief["brief_id"]), Text(brief["state"], style="red"), "", *numbers)
    for place, identity in enumerate(brief["identities"]):
        what = Text(printable(identity["name"])), Text(identity["identity_code"])
        if place == 0:
            rows.add_row(Text(brief["brief_id"]), *what, *numbers)
        else:
            rows.add_row("", *what)
    if brief["error"]:
        rows.add_row(Text(f"  {printable(brief['error'])}", style="red"))


def _totals(totals: Mapping[str, Any]) -> list[Text]:
    events = ", ".join(
        f"{type_.removeprefix('identity.')} {count}" for type_, count in totals["events"].items()
    )
    return [
        Text(
            f"{totals['briefs']} briefs, {totals['drafts']} drafts, {totals['identities']} identities, "
            f"{totals['credits']:g} credits, {totals['seconds']} seconds"
        ),
        Text(
            f"As the sandbox saw it: at most {totals['most_jobs_in_flight']} jobs in flight, "
            f"{totals['answers_429']} answers 429"
        ),
        Text(f"Events: {events}"),
    ]
