"""Lets a rule choose again among exported drafts, beside what was chosen then: offline, and for nothing.

It reads what `export --drafts` writes: `BATCH/NAME/metadata.json` of each identity, its picture, and the
other drafts of its brief as `draft-ID.jpg` in one of the brief's folders.
"""

import json
import os
import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from worker.choosing.judging import judge
from worker.choosing.question import Candidate, Decision, Question, told
from worker.piktid.answers import Draft
from worker.places.target import Target

_METADATA = "metadata.json"
_ENDINGS = (".jpg", ".png", ".webp")
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


@dataclass(frozen=True, slots=True)
class Compared:
    """A choice that was made, and what the rule would choose; None where it was not asked."""

    past: Past
    decision: Decision | None

    @property
    def would(self) -> int | None:
        """The draft that the rule would have promoted; None: it asks a person, or was not asked."""
        return self.decision.ranked[0] if self.decision is not None and self.decision.ranked else None

    @property
    def agrees(self) -> bool | None:
        """Whether it was chosen then; None where there is nothing to compare."""
        return None if self.would is None else self.would in self.past.chosen

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        past = self.past
        return {
            "brief_id": past.brief_id,
            "batch": past.batch,
            "instruction": past.instruction,
            "rule": past.rule,
            "chosen": list(past.chosen),
            "would_choose": self.would,
            "agrees": self.agrees,
            "not_compared": past.fault or None,
            "decision": None if self.decision is None else self.decision.as_json(),
        }


@dataclass(frozen=True, slots=True)
class _Identity:
    """What a metadata.json tells: of an identity, and of the drafts of its brief."""

    folder: str
    picture: str
    instruction: int
    rule: str
    image_result_id: int
    drafts: tuple[Draft, ...]
    told: Mapping[str, Any]


def choices(target: Target, rule: str) -> Iterator[Past]:
    """Yield the choices that an export tells of, by batch and brief; raises TargetError.

    The pictures of one choice are read at a time. A metadata.json that is none of ours is passed over.
    """
    for batch in target.folders():
        files = {there.path for there in target.files(batch)}
        briefs: dict[str, list[_Identity]] = defaultdict(list)
        for path in sorted(files):
            if posixpath.basename(path) == _METADATA and (found := _read(target, path)) is not None:
                briefs[str(found.told["brief_id"])].append(found)
        for identities in briefs.values():
            yield from _of_brief(target, files, identities, rule)


def _read(target: Target, path: str) -> _Identity | None:
    try:
        told_of = json.loads(target.read(path) or b"")
        choice = told_of["choice"]
        drafts = tuple(
            Draft(
                int(each["image_result_id"]),
                None,
                str(each["status"]),
                image_index=int(each["image_index"]),
                group_index=int(each["group_index"]),
            )
            for each in told_of["drafts"]
            if each["image_result_id"] is not None
        )
        return _Identity(
            posixpath.dirname(path),
            str(told_of["picture"]),
            int(choice["instruction"]),
            str(choice["rule"]),
            int(choice["image_result_id"]),
            drafts,
            {name: told_of[name] for name in ("brief_id", "account", "batch", "name", "metadata", "brief")},
        )
    except (ValueError, TypeError, LookupError, RecursionError):
        return None


def _of_brief(target: Target, files: Set[str], identities: Sequence[_Identity], rule: str) -> Iterator[Past]:
    by_instruction: dict[int, list[_Identity]] = defaultdict(list)
    for identity in identities:
        by_instruction[identity.instruction].append(identity)
    for instruction, made in sorted(by_instruction.items()):
        told_of = made[0].told
        count = len((told_of["brief"] or {}).get("instructions") or [None])
        drafts = [
            draft
            for draft in made[0].drafts
            if draft.usable and min(draft.image_index, count - 1) == instruction
        ]
        candidates = [_candidate(target, files, identities, draft) for draft in drafts]
        shown = sum(each.picture is not None for each in candidates)
        fault = ONE_DRAFT if len(drafts) < 2 else NO_OTHERS if shown < 2 else ""
        question = Question(instruction, rule, _told(told_of, instruction), tuple(candidates))
        chosen = tuple(each.image_result_id for each in made)
        yield Past(
            str(told_of["brief_id"]),
            told_of["batch"],
            instruction,
            made[0].rule,
            chosen,
            None if fault else question,
            fault,
        )


def _candidate(target: Target, files: Set[str], identities: Sequence[_Identity], draft: Draft) -> Candidate:
    number = draft.image_result_id or 0  # those without an id are left out
    names = [f"{each.folder}/{each.picture}" for each in identities if each.image_result_id == number]
    names += [f"{each.folder}/draft-{number}{ending}" for each in identities for ending in _ENDINGS]
    path = next((posixpath.normpath(name) for name in names if posixpath.normpath(name) in files), None)
    content = None if path is None else target.read(path)
    return Candidate(number, draft.group_index, content, "" if content is not None else "it is not there")


def _told(told_of: Mapping[str, Any], instruction: int) -> dict[str, Any]:
    return told(
        brief_id=str(told_of["brief_id"]),
        account=told_of["account"],
        batch=told_of["batch"],
        name=told_of["name"],
        metadata=told_of["metadata"],
        body=told_of["brief"] or {},
        instruction=instruction,
    )


def replay(target: Target, rule: str, seconds: float) -> Iterator[Compared]:
    """Yield of each choice what the rule would choose; raises TargetError.

    As many choosers run at once as there are processors, each for at most so many seconds.
    """
    at_once = os.cpu_count() or 1
    past = choices(target, rule)
    with ThreadPoolExecutor(at_once, "chooser") as threads:
        while page := list(islice(past, at_once)):
            yield from threads.map(lambda each: _compared(each, seconds), page)


def _compared(past: Past, seconds: float) -> Compared:
    decision = None if past.question is None else judge(past.question, seconds)
    return Compared(replace(past, question=None), decision)  # without the pictures
