"""The process of a chooser: reads the question from standard input, asks the chooser, writes its answer.

`judging.py` starts this file by its path, and nothing of ours is on the path of a plug-in: it may have a
module that is called as one of our rooms.

In: a line of JSON (`rule`, `brief`, `drafts` with the `size` of each picture), then the pictures one after
the other. Out: JSON, either `version` and `answer`, or `fault`.
"""

import json
import os
import signal
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, BinaryIO

#: The group of the entry points that are plug-ins; each is a function (docs/choosing.md).
GROUP = "identity_worker.choosers"
#: Characters of an error's text that are kept.
_LONGEST_FAULT = 500
#: Where the rooms lie.
_ROOMS = Path(__file__).resolve().parents[2]


def main(seconds: float) -> None:
    """Answer the question, and end after so many seconds even where nobody ends this process."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    # Whatever a chooser prints goes nowhere, and is no part of the answer.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        said = json.dumps(_answer(sys.stdin.buffer))
    except Exception as error:
        said = json.dumps({"fault": f"{type(error).__name__}: {error}"[:_LONGEST_FAULT]})
    out.write(said)
    out.flush()
    os._exit(0)  # threads that a chooser has left would keep it


def _answer(source: BinaryIO) -> dict[str, Any]:
    question = json.loads(source.readline())
    drafts = question["drafts"]
    for draft in drafts:
        draft["picture"] = source.read(draft.pop("size"))
    _, is_plugin, name = question["rule"].partition(":")
    if not is_plugin:
        return _best(drafts)
    # A folder that is on the path twice has each of its plug-ins twice.
    found = {point.value: point for point in entry_points(group=GROUP, name=name)}
    if len(found) != 1:
        return {"fault": f"{len(found)} plug-ins of this name are installed in the group {GROUP}, not one"}
    (point,) = found.values()
    of = f"{point.dist.name} {point.dist.version}" if point.dist else "no package"
    return {"version": of, "answer": point.load()(question["brief"], drafts)}


def _best(drafts: list[dict[str, Any]]) -> dict[str, Any]:
    sys.path.insert(0, str(_ROOMS))
    from worker.choosing.best import rank
    from worker.choosing.seeing import MISSING, Eyes, model

    file = model()
    if file is None:
        return {"fault": MISSING}
    eyes = Eyes(file)
    return {"version": eyes.version, "answer": rank([eyes.look(draft["picture"]) for draft in drafts])}


if __name__ == "__main__":
    main(float(sys.argv[1]))
