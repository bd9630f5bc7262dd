"""Writes docs/measured.md from results: `python -m benchmarks.measured FILE`.

The newest result of each benchmark in the file takes the place of the one that the page had. The results
themselves are kept beside the page, in docs/measured.jsonl.
"""

import argparse
import json
from pathlib import Path

from benchmarks.frame.page import newest, page
from benchmarks.frame.report import read_all

DOCS = Path(__file__).parent.parent / "docs"
PAGE, KEPT = DOCS / "measured.md", DOCS / "measured.jsonl"


def main(results: Path) -> None:
    """Take the results over, and write the page."""
    known = newest([*read_all(KEPT), *read_all(results)])
    lines = [json.dumps(result, ensure_ascii=False) for result in known.values()]
    KEPT.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    PAGE.write_text(page(known.values()), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write docs/measured.md.")
    parser.add_argument("results", type=Path)
    main(**vars(parser.parse_args()))
