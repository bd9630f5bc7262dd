"""Asks a chooser which drafts are the best; whatever goes wrong with it ends with a person being asked.

A chooser is foreign code that reads foreign pictures: it may hang, crash or answer rubbish, and a promotion
can't be taken back. So it runs in a process of its own, which is killed at the time limit and sees no secret.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from config import durations
from config.errors import IdentityWorkerError
from config.text import printable
from worker.choosing.question import Candidate, Decision, Question, asks_person

#: Bytes of an answer.
_LONGEST_ANSWER = 65_536
#: Characters of a reason, and of what a plug-in says of a draft.
_LONGEST_TEXT = 200
#: Pixels of the largest picture that is decoded: OpenCV would take 2**30, three bytes each.
_MOST_PIXELS = 64_000_000
#: What a chooser needs to start. All else stays here: tokens and addresses lie in the environment.
_HANDED_ON = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"),
    *("PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH"),
)


class _ChooserError(IdentityWorkerError):
    """Raised when a chooser gave no answer that can be used; says why."""


def judge(question: Question, seconds: float) -> Decision:
    """Ask the chooser of a question's rule for at most so many seconds.

    Drafts without a picture are not shown to it, and not chosen. Never raises for what a chooser does.
    """
    shown = [draft for draft in question.drafts if draft.picture is not None]
    if not shown:
        return asks_person(question, "no draft has a picture that could be had")
    try:
        answer = _ask(question, shown, seconds)
        read = _read_best if question.rule == "best" else _read_plugin
        ranked, said = read(answer["answer"], [draft.image_result_id for draft in shown])
    except _ChooserError as error:
        return asks_person(question, _cut(error))
    except OSError as error:  # a file without a name lies in TMPDIR
        return asks_person(question, _cut(f"{error.filename or tempfile.gettempdir()}: {error.strerror}"))
    drafts = tuple(
        {"image_result_id": draft.image_result_id, "rank": None}
        | dict(said.get(draft.image_result_id, {"fault": _cut(draft.fault)}))
        for draft in question.drafts
    )
    asks = None if ranked else "no draft shows exactly one face"
    version = _cut(answer["version"])
    return Decision(question.instruction, question.rule, version, tuple(ranked), asks, drafts)


def _ask(question: Question, shown: Sequence[Candidate], seconds: float) -> dict[str, Any]:
    """Return the answer of the chooser's process. Raises _ChooserError and OSError."""
    # Files without a name: nothing is left of them if this process is killed, and no pipe is full.
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answered:
        pictures = [draft.picture or b"" for draft in shown]
        drafts = [draft.told() | {"size": len(draft.picture or b"")} for draft in shown]
        head = {"rule": question.rule, "brief": question.brief, "drafts": drafts}
        asked.write(json.dumps(head).encode() + b"\n")
        asked.writelines(pictures)
        asked.seek(0)
        _run(asked, answered, seconds)
        answered.seek(0)
        content = answered.read(_LONGEST_ANSWER + 1)
    if len(content) > _LONGEST_ANSWER:
        raise _ChooserError(f"its answer is longer than {_LONGEST_ANSWER} bytes")
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        raise _ChooserError("its process ended without an answer") from None
    if "fault" in answer:
        raise _ChooserError(answer["fault"])
    return dict(answer)


def _run(asked: IO[bytes], answered: IO[bytes], seconds: float) -> None:
    environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    environment["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(_MOST_PIXELS)
    program = [sys.executable, "-P", str(Path(__file__).with_name("child.py"))]
    # -P: the modules beside the program must not hide those that a plug-in imports.
    process = subprocess.Popen(  # noqa: S603  # our own program
        [*program, str(seconds + durations.CHOOSER_ENDS_SECONDS)],
        env=environment,
        cwd=tempfile.gettempdir(),
        stdin=asked,
        stdout=answered,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise _ChooserError(f"it took longer than {seconds:g} seconds") from None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # what the chooser has started ends with it
        process.wait()
    if status:
        raise _ChooserError(f"its process ended with status {status}")


Ranked = tuple[list[int], dict[int, Mapping[str, Any]]]


def _read_best(answer: Any, shown: Sequence[int]) -> Ranked:
    """Return the ids that may be chosen, best first, and what was said of each draft."""
    said = dict(zip(shown, answer, strict=True))
    ranked = [draft for draft in shown if said[draft]["rank"] is not None]
    return sorted(ranked, key=lambda draft: said[draft]["rank"]), said


def _read_plugin(answer: Any, shown: Sequence[int]) -> Ranked:
    """Return the same of a plug-in's answer, which may be anything. Raises _ChooserError."""
    if answer is None or answer == []:
        raise _ChooserError("it chose no draft")
    named = answer if isinstance(answer, list) else [answer]
    pairs = [each if isinstance(each, list) and len(each) == 2 else [each, None] for each in named]
    ranked = [draft for draft, _ in pairs]
    if any(type(draft) is not int or draft not in shown for draft in ranked):
        raise _ChooserError(f"its answer names what is no id of these drafts: {ranked!r}")
    if len(set(ranked)) != len(ranked):
        raise _ChooserError(f"its answer names a draft twice: {ranked!r}")
    said: dict[int, Mapping[str, Any]] = {draft: {} for draft in shown}
    for place, (draft, text) in enumerate(pairs, start=1):
        said[draft] = {"rank": place} | ({} if text is None else {"said": _cut(text)})
    return ranked, said


def _cut(text: object) -> str:
    return printable(text)[:_LONGEST_TEXT]
