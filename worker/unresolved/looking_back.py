"""Decides which jobs of an unknown past are whose: what each create that may have been made has bought.

As in `matching`, a job belongs to a brief by exclusion. But here nobody knows which creates were made at all,
so each brief that waits may have been sent, and jobs are compared with all of them. The list of jobs is
believed once it has named a creation: that it tells of them at all is in no source (piktid-v2.md 2.9).

A job is adopted only after a short time (`adopts`). In a long one briefs will have come that are forgotten as
well, and whose jobs would be taken for those of briefs that fit and are on record: there a person looks.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from worker.unresolved.matching import Adopt, Ask, Fit, NotArrived, UnclaimedJob, UnresolvedCreate

Decision = Adopt | NotArrived | Ask


def look_back(
    creates: Sequence[UnresolvedCreate],
    others: Sequence[UnresolvedCreate],
    jobs: Sequence[UnclaimedJob],
    *,
    believed: bool,
    adopts: bool,
) -> Mapping[str, Decision]:
    """Return what becomes of each create, by its subject; `others` may own jobs too, and are not decided.

    `jobs` are those of the unknown past that no record owns, and all of them if they are `believed`.
    """
    equal: dict[str, list[UnresolvedCreate]] = defaultdict(list)
    for create in creates:
        equal[create.fingerprint].append(create)
    decisions: dict[str, Decision] = {}
    for fingerprint, same in equal.items():
        rivals = [each for each in (*creates, *others) if each.fingerprint != fingerprint]
        rivals += [each for each in others if each.fingerprint == fingerprint]
        decisions |= _of_equal(same, rivals, jobs, believed=believed, adopts=adopts)
    return decisions


def _of_equal(
    same: Sequence[UnresolvedCreate],
    rivals: Sequence[UnresolvedCreate],
    jobs: Sequence[UnclaimedJob],
    *,
    believed: bool,
    adopts: bool,
) -> dict[str, Decision]:
    """Decide of creates that send the very same body: of their jobs, each is the right one for each."""
    fitting = [job for job in jobs if same[0].fit(job) is not Fit.NO]
    if not fitting:
        why = "no list of the API's jobs tells whether it has made one"
        return {each.subject: NotArrived() if believed else Ask((), why) for each in same}
    own = [job for job in fitting if same[0].fit(job) is Fit.YES and not _may_own(rivals, job)]
    if not adopts or len(own) < len(fitting) or len(fitting) > len(same):
        told = Ask(tuple(fitting), "jobs were made that are on no record")
        return {each.subject: told for each in same}
    rest = NotArrived() if believed else Ask((), "no list of the API's jobs tells whether it has made one")
    found: list[Decision] = [Adopt(job) for job in own]
    found += [rest] * (len(same) - len(own))
    return {each.subject: decision for each, decision in zip(same, found, strict=True)}


def _may_own(creates: Sequence[UnresolvedCreate], job: UnclaimedJob) -> bool:
    return any(each.fit(job) is not Fit.NO for each in creates)
