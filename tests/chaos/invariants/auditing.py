"""What `identity-worker audit --api` says of all briefs, each of its findings as a breach."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.chaos.harness.fleet import BIN, ROOT
from tests.chaos.invariants.invariants import Breach, Kind
from tests.chaos.starting import STARTING

#: Seconds that it may take.
DEADLINE = 120.0


def audit(environment: Mapping[str, str], briefs: int) -> Iterator[Breach]:
    """Run the command as an operator would, on an installation of so many briefs; yield what it finds.

    Raises RuntimeError with what it wrote when it does not come to its end.
    """
    command = [str(BIN / "identity-worker"), "audit", "--api", "--json"]
    with (
        Path(os.devnull).open("rb") as nothing,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as errors,
    ):
        process = STARTING.start(command, {**os.environ, **environment}, ROOT, (nothing, out, errors))
        try:
            code = process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        out.seek(0)
        errors.seek(0)
        printed, said = out.read(), errors.read().decode()
    if code not in (0, 1) or not printed:
        raise RuntimeError(f"the audit ended with {code}: {said[-2000:]}")
    told = json.loads(printed)
    if told["briefs"] != briefs:
        yield Breach(Kind.AUDIT, "audit", f"has looked at {told['briefs']} briefs of {briefs}")
    for finding in told["findings"]:
        yield Breach(Kind.AUDIT, finding["brief_id"], finding["what"])
