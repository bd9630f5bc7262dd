"""`identity-worker why`: why a brief stands where it stands, and what it would take."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from cli.render.account import account_json, slots_seen_text, stream_text
from cli.render.blockers import blocker_line, reservation_lines
from cli.render.counts import not_taken_line
from cli.render.decisions import asking_lines
from cli.render.held import answer, candidate_lines, stop_request_text
from cli.shared.opening import load_settings, open_redis
from cli.shared.options import BriefId
from cli.shared.output import Json, fail_unknown, print_json, say
from config.text import counted, printable
from config.times import format_duration, format_time
from worker.briefs.faults import Fault
from worker.briefs.to_type import argument
from worker.forecast import why as reasons
from worker.forecast.why import Standing, Waiting, Why
from worker.ledger.kinds import KINDS, Kind, of_endpoint
from worker.ledger.records import parse_subject
from worker.unresolved.streams import Stream
from worker.views.account import AccountReport
from worker.views.blockers import Blocker, processes
from worker.views.models import BriefView

#: The states in which the API speaks of a job of a record.
_SPOKEN_OF = ("uncertain", "generating", "preprocessing")


def command(brief_id: BriefId, as_json: Json = False) -> None:
    """Say why a brief is in its state: what it waits for, who holds that, when it may start."""
    values = load_settings()
    with open_redis(values, brief=brief_id) as client:
        found = reasons.why(client, values, brief_id)
        if found is None:
            from cli.doing.showing import show_dead_letter

            if show_dead_letter(client, brief_id, as_json=as_json):
                return
            fail_unknown(client, brief_id, not_taken_line(processes(client)))
    if as_json:
        print_json(_facts(found))
        return
    for line in lines_of(found):
        say(printable(line))


def _facts(found: Why) -> dict[str, Any]:
    brief = found.brief
    told = {
        "brief_id": brief.brief_id,
        "account": brief.account,
        "batch": brief.batch,
        "state": brief.state,
        "error": brief.error,
        "question": brief.question,
        "candidate_jobs": brief.candidate_jobs,
        "wish": brief.stop_requested,
        "faults": brief.faults,
        "wants_pick": brief.waits_for_pick,
        "decisions": brief.decisions,
    }
    return told | {
        "standing": [asdict(each) for each in found.standing],
        "account_report": account_json(found.account),
    }


def lines_of(found: Why) -> list[str]:
    """Return the answer as lines of text."""
    brief = found.brief
    lines = _ended(brief) if brief.finished else []
    for standing in found.standing:
        # A brief whose promotions are under way waits for nothing else.
        if standing.state != "promoting" or _kind(standing) is Kind.PROMOTION:
            lines += _standing(found, standing)
    stop_request = stop_request_text(brief)
    return [*lines, f"  ended:    {stop_request}"] if stop_request else lines


def _ended(brief: BriefView) -> list[str]:
    ago = format_duration(brief.read_at - brief.moved_at)
    lines = [f"{brief.brief_id} is {brief.state} since {format_time(brief.moved_at)}, {ago} ago"]
    lines += [f"  {brief.error}"] if brief.error else []
    lines += [f"  {each.subject}: {each.error}" for each in brief.promotions if each.state == "failed"]
    return lines + [f"  {Fault(**fault)}" for fault in brief.faults]


def _kind(standing: Standing) -> Kind:
    return Kind(parse_subject(standing.subject).kind)


def _standing(found: Why, standing: Standing) -> list[str]:
    brief, now = found.brief, found.account.read_at
    kind = _kind(standing)
    since = format_duration(now - standing.since)
    lines = [f"{standing.subject} is {standing.state} in account {brief.account}, for {since}"]
    if standing.waiting is not None:
        return lines + _waiting(found, standing, standing.waiting)
    if standing.state == "held":
        # The question of a held promotion is asked by its brief.
        return lines if kind is Kind.PROMOTION else [*lines, *_question(brief)]
    if brief.waits_for_pick:
        pick = f"  waits:    for a person: `identity-worker pick {argument(brief.brief_id)} DRAFT...`"
        because = [f"  because:  {line}" for line in asking_lines(brief.decisions)]
        return [*lines, pick, *because, *_in_the_way("then:", found, standing)]
    lines.append(
        f"  now:      {KINDS[kind].states[standing.state].happens}"
        + (f", job {standing.job_id}" if standing.job_id else "")
    )
    lines += [f"  before:   {standing.error}"] if standing.error else []
    lines += _in_the_way("but:", found, standing)
    if standing.state in _SPOKEN_OF:
        lines.append(f"  stream:   {stream_text(found.account)}")
    if standing.state == "uncertain":
        lines.append(f"            {_replays(found.account.stream)}")
    if standing.next_look is not None:
        soon = format_duration(standing.next_look - now + 999)
        lines.append(f"  next:     looked at in {soon}, or when the API speaks of it")
    return lines


def _question(brief: BriefView) -> list[str]:
    lines = [f"  asks:     {brief.question}"]
    lines += [f"            {line}" for line in candidate_lines(brief)]
    if brief.stop_requested:
        return lines
    return [*lines, "  answer:   by one of these", *(f"    {command}" for command in answer(brief))]


def _replays(stream: Stream) -> str:
    """Return since when an absent job proves that a create has not arrived."""
    if stream.told_at is None:
        return "the account's stream has never told of a job of ours: nothing is sent again on its word"
    since = (
        "nothing yet" if stream.replayed_since is None else f"all since {format_time(stream.replayed_since)}"
    )
    return f"its replays have brought {since}; a create since then that left no trace is sent again"


def _in_the_way(word: str, found: Why, standing: Standing) -> list[str]:
    """Return a line for each thing in the way, with who holds it, and what a person can do about it."""
    report, lines = found.account, list[str]()
    for blocker in standing.blockers:
        if blocker["what"] in ("question", "pick"):
            continue
        lines.append(f"  {'' if lines else word:<8}  {blocker_line(blocker, report.read_at)}")
        lines += [f"              {held}" for held in reservation_lines(blocker, report)]
        if blocker["what"] == "pause":
            lines += [f"              {more}" for more in _about_pause(report, blocker)]
    return lines


def _about_pause(report: AccountReport, blocker: Blocker) -> Iterator[str]:
    pause = report.pauses.get(blocker["of"])
    if pause is not None and pause.refused_token:
        yield _token(report.name)
    if report.slots_seen is not None and report.slots_seen.said == blocker["reason"]:
        yield slots_seen_text(report)


def _waiting(found: Why, standing: Standing, waiting: Waiting) -> list[str]:
    report = found.account
    if waiting.granted:
        starts = ", and starts as soon as a worker is free" if waiting.starts_at is not None else ""
        return [f"  granted:  it has its permits{starts}", *_in_the_way("missing:", found, standing)]
    place = (
        "  place:    parked beside the waiting list" if waiting.parked else f"  place:    {_place(waiting)}"
    )
    lines = [place, *(_in_the_way("missing:", found, standing) or ["  missing:  nothing but its turn"])]
    if waiting.not_before is not None:
        soon = format_duration(waiting.not_before - report.read_at + 999)
        return [
            *lines,
            f"  start:    not before {format_time(waiting.not_before)}, in {soon}: {waiting.not_known}",
        ]
    if waiting.starts_at is None:
        return [*lines, f"  start:    not known: {waiting.not_known}"]
    soon = format_duration(waiting.starts_at - report.read_at)
    return [
        *lines,
        f"  start:    about {format_time(waiting.starts_at)}, in {soon}",
        f"            {waiting.assumed}",
    ]


def _token(account: str) -> str:
    return (
        f"set the account's token, start worker and listener again, then `identity-worker resume {account}`"
    )


def _place(waiting: Waiting) -> str:
    what = of_endpoint(waiting.endpoint).plural
    go_first = counted(waiting.promotions, "promotion goes", "promotions go")
    first = f"; {go_first} first" if waiting.promotions else ""
    return f"{waiting.position} of {waiting.waiting} {what} that wait{first}"
