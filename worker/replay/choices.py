"""Reads back which choices an export, or an archive, tells of, with the pictures that were to choose from.

An identity's `metadata.json` tells of its choice. Where the pictures lie depends on the pattern of names,
which may have been another one each time: in a folder of one of the brief's identities, where an index says,
or anywhere under a name with the draft's id.
"""

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.choosing.question import Candidate, Question, told
from worker.export.pictures import draft_stem
from worker.export.workbook import Workbook
from worker.piktid.answers import Draft
from worker.places.target import Target
from worker.replay.exported import NOT_THERE, Exported, Identity, Passed, look, read

#: Why a choice can't be compared.
ONE_DRAFT = "there was only one draft"
NO_OTHERS = "only the chosen picture is there: export with --drafts"


@dataclass(frozen=True, slots=True)
class Past:
    """A choice that was made: the drafts of an instruction of which identities were made."""

    brief_id: str
    batch: str | None
    instruction: int
    rule: str
    chosen: tuple[int, ...]
    question: Question | None
    """What is asked now; None where it can't be asked."""
    fault: str
    """Why not; blank where it can."""
    missing: Mapping[int, str]
    """The drafts whose pictures were not found, and why."""


def choices(target: Target, rule: str, passed: Passed) -> Iterator[Past]:
    """Yield the choices that an export tells of, a brief's together; raises TargetError.

    The pictures of one choice are read at a time.
    """
    with Workbook.opened() as rows:
        place = Exported(target, rows, {there.path for there in target.files("")})
        look(place, passed)
        for paths in place.described.values():
            found = (read(target, path) for path in paths)
            # An export to another batch's folder, after the brief was moved, tells of the same identity.
            identities = {each.image_result_id: each for each in found if each is not None}
            yield from _of_brief(place, list(identities.values()), rule)


def _of_brief(place: Exported, identities: Sequence[Identity], rule: str) -> Iterator[Past]:
    by_instruction: dict[int, list[Identity]] = defaultdict(list)
    for identity in identities:
        by_instruction[identity.instruction].append(identity)
    for instruction, made in sorted(by_instruction.items()):
        last = len(made[0].brief["instructions"]) - 1
        drafts = [
            draft for draft in made[0].drafts if draft.usable and min(draft.image_index, last) == instruction
        ]
        candidates = tuple(_candidate(place, identities, draft) for draft in drafts)
        fault = _fault(candidates)
        question = Question(instruction, rule, _told(made[0], instruction), candidates)
        yield Past(
            made[0].key.brief_id,
            made[0].told["batch"],
            instruction,
            made[0].rule,
            tuple(each.image_result_id for each in made),
            None if fault else question,
            fault,
            {each.image_result_id: each.fault for each in candidates if each.picture is None},
        )


def _fault(candidates: Sequence[Candidate]) -> str:
    """Return why there is nothing to compare; blank where there is."""
    missing = [each for each in candidates if each.picture is None]
    shown = len(candidates) - len(missing)
    if len(candidates) < 2:
        return ONE_DRAFT
    if shown >= 2:
        return ""
    if shown and all(each.fault == NOT_THERE for each in missing):
        return NO_OTHERS
    head = f"{shown or 'none'} of its {len(candidates)} drafts {'is' if shown < 2 else 'are'} there"
    return f"{head}: {missing[0].image_result_id}: {missing[0].fault}"


def _candidate(place: Exported, identities: Sequence[Identity], draft: Draft) -> Candidate:
    number = draft.image_result_id or 0  # those without an id are left out
    path, why = _found(place, identities, number)
    content = None if path is None else place.target.read(path)
    return Candidate(number, draft.group_index, content, why if content is None else "")


def _found(place: Exported, identities: Sequence[Identity], number: int) -> tuple[str | None, str]:
    """Return where the picture of a brief's draft lies, None where it does not; and why not."""
    named = (f"{each.folder}/{each.picture}" for each in identities if each.image_result_id == number)
    for path in map(posixpath.normpath, named):
        if path in place.files:
            return path, ""
    key, files = identities[0].key, place.drafts.get(draft_stem(number), [])
    own = [path for path in files if place.owners.get(posixpath.dirname(path)) == key]
    if own:
        return own[0], ""
    indexed, why = place.indexed(key.brief_id, number)
    if indexed is not None:
        return indexed, ""
    nobodys = [path for path in files if posixpath.dirname(path) not in place.owners]
    if len(nobodys) > 1:
        return None, f"it lies at {nobodys[0]} and at {nobodys[1]}, and no index says which one is its"
    return (nobodys[0], "") if nobodys else (None, why)


def _told(identity: Identity, instruction: int) -> dict[str, Any]:
    about = identity.told
    return told(
        brief_id=identity.key.brief_id,
        account=about["account"],
        batch=about["batch"],
        name=about["name"],
        metadata=about["metadata"],
        body=identity.brief,
        instruction=instruction,
    )
