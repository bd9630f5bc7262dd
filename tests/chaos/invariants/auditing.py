"""What `identity-worker audit --api` says of all briefs, each of its findings as a breach."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping

from tests.chaos.harness.fleet import BIN, ROOT
from tests.chaos.invariants.invariants import Breach, Kind

#: Seconds that it may take.
DEADLINE = 120.0


def audit(environment: Mapping[str, str], briefs: int) -> Iterator[Breach]:
    """Run the command as an operator would, on an installation of so many briefs; yield what it finds.

    Raises RuntimeError with what it wrote when it does not come to its end.
    """
    ran = subprocess.run(
        [str(BIN / "identity-worker"), "audit", "--api", "--json"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        timeout=DEADLINE,
    )
    if ran.returncode not in (0, 1) or not ran.stdout:
        raise RuntimeError(f"the audit ended with {ran.returncode}: {ran.stderr.decode()[-2000:]}")
    told = json.loads(ran.stdout)
    if told["briefs"] != briefs:
        yield Breach(Kind.AUDIT, "audit", f"has looked at {told['briefs']} briefs of {briefs}")
    for finding in told["findings"]:
        yield Breach(Kind.AUDIT, finding["brief_id"], finding["what"])
