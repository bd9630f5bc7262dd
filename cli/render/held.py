"""Prints held briefs and dead letters, each with the commands that answer it."""

from collections.abc import Iterator
from typing import Any

from actors.broker.dead_letters import DeadLetter
from cli.shared.output import say
from config.text import printable
from config.times import format_duration, format_time
from worker.briefs.faults import shown
from worker.briefs.to_type import ANY_JOB, answers, argument
from worker.views.models import BriefView

#: What is said of a brief that an operator has ended while a call or a job of it is under way.
STOP_REQUESTED = "nothing more is bought for it, and it ends when what is under way is over"


def print_held(brief: BriefView, now: int) -> None:
    """Print a held brief; `now` in ms since 1970."""
    since = format_duration(now - brief.moved_at)
    _say(f"brief {brief.brief_id}: held for {since}, was {brief.previous_state}")
    _say(f"  {brief.question}")
    for line in (*_deaths(brief), *candidate_lines(brief)):
        _say(f"  {line}")
    if ended := stop_request_text(brief):
        _say(f"  {ended}")
        return
    for command in answer(brief):
        _say(f"    {command}")


def print_dead_letter(dead_letter: DeadLetter, now: int) -> None:
    """Print a dead letter; `now` in ms since 1970."""
    since = format_duration(now - dead_letter.at)
    _say(f"dead letter {dead_letter.id}: in the queue {dead_letter.queue}, for {since}")
    _say(f"  {dead_letter.error}")
    if dead_letter.text:
        _say(f"  it is: {shown(dead_letter.text)}")
    _say(f"  `{_revive(dead_letter)}`, or to throw it away `{_revive(dead_letter, 'cancel')}`")


def stop_request_text(brief: BriefView) -> str | None:
    """Return how an operator has ended a brief of which something is still under way, None if nobody has."""
    return None if brief.stop_requested is None else f"{brief.stop_reason}; {STOP_REQUESTED}"


def answer(brief: BriefView) -> list[str]:
    """Return the commands of which each answers a held brief, as they are typed."""
    if brief.evidence is not None or any(each.state == "held" for each in brief.promotions):
        return [f"identity-worker retry {argument(brief.brief_id)}"]
    if brief.previous_state == "preparing":
        return answers(brief.brief_id, jobs=[])
    jobs = [job["job_id"] for job in brief.candidate_jobs]
    return answers(brief.brief_id, jobs=jobs or [ANY_JOB])


def candidate_lines(brief: BriefView) -> Iterator[str]:
    """Yield a line for each job that may be the held brief's: its id, when it was made, how many drafts."""
    for job in brief.candidate_jobs:
        drafts = " + ".join(map(str, job["drafts"]))
        when = (
            f"made {format_time(job['created_at'])}"
            if job["created_at"]
            else f"seen {format_time(job['seen_at'])}"
        )
        yield f"job {job['job_id']}: {when}, {f'{drafts} drafts' if drafts else 'drafts not known'}"


def _deaths(brief: BriefView) -> Iterator[str]:
    for evidence in (brief.evidence, *(promotion.evidence for promotion in brief.promotions)):
        for death in (evidence or {}).get("deaths", ()):
            yield f"worker {death['worker']} died {format_duration(brief.read_at - death['at'])} ago"


def held_json(brief: BriefView) -> dict[str, Any]:
    """Return a held brief for programs."""
    promotions = [each for each in brief.promotions if each.state == "held"]
    return {
        "brief_id": brief.brief_id,
        "account": brief.account,
        "batch": brief.batch,
        "since": brief.moved_at,
        "was": brief.previous_state,
        "question": brief.question,
        "error": brief.error,
        "evidence": brief.evidence or next((each.evidence for each in promotions), None),
        "job_id": brief.job_id,
        "candidate_jobs": brief.candidate_jobs,
        "credits": brief.credits,
        "wish": brief.stop_requested,
        "answer": "\n".join(answer(brief)),
    }


def dead_letter_json(dead_letter: DeadLetter) -> dict[str, Any]:
    """Return a dead letter for programs."""
    # A dead letter may hold any bytes, which JSON can't.
    texts = {
        "queue": dead_letter.queue,
        "id": dead_letter.id,
        "text": dead_letter.text,
        "error": dead_letter.error,
    }
    written = {name: printable(text) for name, text in texts.items()}
    return {**written, "since": dead_letter.at, "deaths": dead_letter.deaths, "answer": _revive(dead_letter)}


def _revive(dead_letter: DeadLetter, command: str = "retry") -> str:
    return f"identity-worker {command} {argument(printable(dead_letter.id))}"


def _say(text: str) -> None:
    say(printable(text))
