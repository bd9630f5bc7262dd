"""Checks what the walk of README.md has left: pictures, their index, and the sandbox's bill.

python check.py pictures/spring [http://127.0.0.1:8090]
"""

import csv
import hashlib
import json
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from make import HEADER, rows

#: The sandbox's prices of a draft at 1K and of an identity, in credits.
DRAFT, PROMOTION = 3, 50


def wrong_files(expected: Sequence[Sequence[str]], folder: Path) -> Iterator[str]:
    """Yield what is wrong with a batch's folder, where each of these rows should have one picture."""
    skus = [row[HEADER.index("SKU")] for row in expected]
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        index = list(csv.DictReader(file))
    told = [json.loads(line) for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    for name, found in (
        ("index.csv", [row["metadata.sku"] for row in index]),
        ("index.jsonl", [row["metadata"]["sku"] for row in told]),
        ("the folder", [path.name for path in folder.iterdir() if path.is_dir()]),
    ):
        for sku, number in (Counter(found) - Counter(skus)).items():
            yield f"{name} has {sku} {number} times more than the table"
        for sku in Counter(skus) - Counter(found):
            yield f"{name} lacks {sku}"
    for row in index:
        sku, picture = row["metadata.sku"], folder / row["file"]
        if row["state"] != "done" or row["file"] != f"{sku}/{sku}.jpg":
            yield f"{sku} is {row['state']}, its picture is {row['file']!r}: {row['error']}"
        elif hashlib.sha256(picture.read_bytes()).hexdigest() != row["sha256"]:
            yield f"{picture} is not the picture that the index tells of"
        elif json.loads((picture.parent / "metadata.json").read_bytes())["sha256"] != row["sha256"]:
            yield f"metadata.json beside {picture} is of another picture"


def wrong_charges(expected: Sequence[Sequence[str]], account: Mapping[str, Any]) -> Iterator[str]:
    """Yield where an account was charged otherwise than once for each row, or a cap was broken."""
    drafts = sum(int(row[HEADER.index("Drafts")]) for row in expected)
    prices = {"drafts": drafts * DRAFT, "promotion": len(expected) * PROMOTION}
    if account["credits"]["charged"] != prices:
        yield f"charged were {account['credits']['charged']} credits, not {prices}"
    promoted = Counter(each["image_result_id"] for each in account["promotions"])
    yield from (
        f"draft {draft} was promoted {number} times" for draft, number in promoted.items() if number > 1
    )
    yield from (f"{name}: {number}" for name, number in account["violations"].items() if number)
    if account["max_jobs_in_flight"] > account["settings"]["jobs_cap"]:
        yield f"{account['max_jobs_in_flight']} jobs were in flight"
    for endpoint, most in account["most_requests_in_60_s"].items():
        if most["all"] > account["settings"]["create_per_minute"]:
            yield f"{endpoint} was sent {most['all']} times within a minute"


def main(folder: Path, url: str | None = None) -> int:
    """Print what is wrong; return how much that is."""
    expected = list(rows(mended=True))[1:]
    wrong = list(wrong_files(expected, folder))
    if url is not None:
        with urllib.request.urlopen(f"{url}/_sandbox/ledger?account=me", timeout=30) as answer:  # noqa: S310  # as typed
            wrong += wrong_charges(expected, json.load(answer)["accounts"]["sandbox-me"])
    told = f"{len(expected)} rows, {len(expected)} pictures, each as the index tells\n"
    sys.stdout.write("".join(f"{each}\n" for each in wrong) or told)
    return len(wrong)


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1]), *sys.argv[2:]) else 0)
