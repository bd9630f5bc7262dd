"""`identity-worker choose --replay`: what a rule would have chosen among exported drafts."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.shared import progress
from cli.shared.opening import load_settings
from cli.shared.output import DID_NOT, USED_WRONGLY, Json, complain, fail, print_json, say
from config.text import counted, printable

if TYPE_CHECKING:
    from worker.replay.comparing import Compared

#: Files that were passed over, of which each has a line.
_MOST_LINES = 10


def command(
    folder: Annotated[
        str, typer.Option("--replay", metavar="PLACE", help="What `export --drafts` has written.")
    ],
    rule: Annotated[str, typer.Option(metavar="RULE", help="best, or plugin:NAME.")],
    as_json: Json = False,
) -> None:
    """Compare a rule that looks at drafts with what was chosen, over an exported folder or bucket.

    A draft is found by the index or by its file's name, whatever pattern of names the export had. What was
    not found is reported. Nothing is paid for, and neither Redis nor the API is used. Ends with 1 if nothing
    could be compared.
    """
    progress.show(f"reading {folder}")
    # Not at the top: the help should not wait for the import of what fetches and judges.
    from worker.choosing.installed import fault_of
    from worker.places.target import TargetError
    from worker.places.targets import open_target
    from worker.replay.comparing import replay

    if (fault := fault_of(rule)) is not None:
        fail(f"--rule {printable(rule)}: {fault}", USED_WRONGLY)
    found: list[Compared] = []
    passed: dict[str, str] = {}
    try:
        target = open_target(folder)
        for each in replay(target, rule, load_settings().chooser_seconds, passed.__setitem__):
            found.append(each)
            if not as_json:
                say(printable(_line(each)))
    except TargetError as error:
        fail(f"--replay {error}", USED_WRONGLY)
    if as_json:
        choices = [each.as_json() for each in found]
        print_json({"rule": rule, **_counts(found), "choices": choices, "passed_over": passed})
    else:
        say(_summary(found))
        _tell_passed(passed)
    if not any(each.decision is not None for each in found):
        complain(f"there is no choice to compare in {target.name}")
        raise typer.Exit(DID_NOT)


def _counts(found: "list[Compared]") -> dict[str, int]:
    asked = [each for each in found if each.decision is not None]
    return {
        "agree": sum(each.agrees is True for each in asked),
        "differ": sum(each.agrees is False for each in asked),
        "ask": sum(each.would is None for each in asked),
        "not_compared": len(found) - len(asked),
    }


def _line(each: "Compared") -> str:
    past, decision = each.past, each.decision
    head = f"{past.brief_id}  instructions[{past.instruction}]  {past.rule} chose {_ids(past.chosen)}"
    if decision is None:
        return f"{head}  not compared: {past.fault}"
    without = "".join(f"  without {draft}: {why}" for draft, why in past.missing.items())
    if each.would is None:
        return f"{head}  would ask a person: {decision.asks}{without}"
    return f"{head}  would choose {each.would}  {'same' if each.agrees else 'differs'}{without}"


def _ids(chosen: tuple[int, ...]) -> str:
    return ", ".join(map(str, chosen))


def _summary(found: "list[Compared]") -> str:
    number = _counts(found)
    return (
        f"{counted(len(found), 'choice')}: {number['agree']} the same, {number['differ']} other, "
        f"{number['ask']} would ask a person, {number['not_compared']} not compared"
    )


def _tell_passed(passed: dict[str, str]) -> None:
    for path, why in list(passed.items())[:_MOST_LINES]:
        complain(f"{printable(path)}: {why}")
    if len(passed) > _MOST_LINES:
        complain(f"and {counted(len(passed) - _MOST_LINES, 'more file')}: --json names them all")
